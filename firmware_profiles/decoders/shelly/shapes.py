"""Gen1 objects brought into the shape that the rules read."""

from __future__ import annotations

from typing import Any

from firmware_profiles.contract import TopicReader
from schemas.device import Decoded

_SWITCHING = {"relays", "rollers", "lights", "temperature"}
_COLOR = ("red", "green", "blue")


def lamp(payload: Any) -> Any:
    """A light's status: in color mode its brightness is `gain` and it has no color temperature."""
    if payload.__class__ is not dict:
        return payload
    color = payload.get("mode") == "color"
    if not color and "gain" not in payload and "temp" not in payload:
        return payload
    shaped = {**payload, "brightness": payload.get("brightness", payload.get("gain"))}
    if color:
        shaped["brightness"] = payload.get("gain", payload.get("brightness"))
        shaped["rgb"] = [payload.get(name) for name in _COLOR]
        shaped.pop("temp", None)
    return shaped


def status(payload: Any) -> Any:
    """A whole status without the parts that say they are not valid.

    Where the device switches something, `tmp` is its own temperature, not that of the room.
    """
    if payload.__class__ is not dict:
        return payload
    shaped = {key: _valid(value) for key, value in payload.items()}
    inside = shaped.get("tmp")
    if inside.__class__ is dict and not _SWITCHING.isdisjoint(shaped):
        shaped.setdefault("temperature", inside.get("tC", inside.get("value")))
        shaped["tmp"] = None
    lights = shaped.get("lights")
    if lights.__class__ is list:
        shaped["lights"] = [lamp(each) for each in lights]
    return shaped


def shaping(shape: Any, reader: TopicReader) -> TopicReader:
    """A reader of payloads that are shaped first."""

    def read(raw: bytes, payload: Any, retain: bool) -> Decoded | None:
        return reader(raw, shape(payload), retain)

    return read


def _valid(value: Any) -> Any:
    if value.__class__ is list:
        return [_valid(each) for each in value]
    wrong = value.__class__ is dict and value.get("is_valid") in (False, "false")
    return None if wrong else value
