"""Messages: what each word of a topic (`SENSOR`, `RESULT`, `LWT`, …) makes of its payload."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from firmware_profiles.contract import TopicReader
from firmware_profiles.decoders.tasmota.contents import Contents
from firmware_profiles.times import epoch
from firmware_profiles.units import number
from firmware_profiles.values import text
from schemas.device import Decoded

_Fill = Callable[[Decoded, Contents, Any], None]
_WORD = re.compile(r"([A-Za-z_]+?)(\d*)")
_CLOCK_SET = 1_400_000_000.0  # before that a device does not know the time
_OBJECTS = frozenset({"STATE", "SENSOR", "RESULT", "STATUS", "INFO"})
_REFUSALS = ("Unknown", "Error")
_ZIGBEE_ID = re.compile(r"[0-9A-F]{4}")


def reader(firmware: str, contents: Contents, role: str, topic_word: str) -> TopicReader:
    """A reader of one word of one device."""
    word, index = _split(topic_word)
    channel, fill = _kind(role, word, index, topic_word)
    member = contents.member
    needs_object = word in _OBJECTS

    def read(raw: bytes, payload: Any, retain: bool) -> Decoded | None:
        said = Decoded(firmware=firmware, device=member.device, channel=channel, key=member.key)
        if payload.__class__ is dict:
            said.ts = _time(payload)
        elif needs_object or raw.lstrip()[:1] == b"{":
            if raw and channel != "command":
                said.parse_error = True
            return said
        elif not raw and channel == "availability" and not member.mac:
            said.removed = True  # its owner, or the device under its new name, emptied the topic
        if fill is not None and raw:
            fill(said, contents, payload)
        return said

    return read


def zigbee(firmware: str, contents: Contents, id: str, word: str) -> TopicReader:
    """A reader of a Zigbee device's own topic; None for a message that is not one."""
    member = contents.member
    short = id.partition("_")[0]
    name = f"0x{short}" if _ZIGBEE_ID.fullmatch(short) else id

    def read(raw: bytes, payload: Any, retain: bool) -> Decoded | None:
        if payload.__class__ is not dict:
            return None
        objects = payload if word == "ZbReceived" else payload.get("ZbReceived")
        if objects.__class__ is not dict or not (name != id or _names(id, objects)):
            return None
        said = Decoded(firmware=firmware, device=member.device, channel="telemetry", key=member.key)
        said.readings = []
        happened = contents.zigbee(objects, said.readings, name)
        measured = any(r.property not in ("action", "linkquality") for r in said.readings)
        if happened and not measured:
            said.channel = "event"
        said.ts = _time(payload)
        return said

    return read


def _names(id: str, objects: Mapping[str, Any]) -> bool:
    """Whether a level of the topic is the name of the device in the message."""
    plain = id.casefold().replace("_", " ")
    for key, value in objects.items():
        names = (key, value.get("Name")) if value.__class__ is dict else (key,)
        if any(isinstance(n, str) and n.casefold().replace("_", " ") == plain for n in names):
            return True
    return False


def _split(word: str) -> tuple[str, str]:
    match = _WORD.fullmatch(word)
    return (match[1], match[2]) if match else (word, "")


def _kind(role: str, word: str, index: str, whole: str) -> tuple[str, _Fill | None]:
    if role == "cmnd":
        return "command", None
    if (role, word) in _KINDS:
        return _KINDS[role, word]
    if role == "stat":
        if word == "POWER":
            return "state", lambda said, contents, payload: _named(said, contents, payload, whole)
        if word == "SHUTTER" and index:
            return "state", lambda said, contents, payload: _shutter(said, contents, payload, index)
        return "state", lambda said, contents, payload: _answer(said, contents, payload, whole)
    return "telemetry", lambda said, contents, payload: _other(said, contents, payload, whole)


def _will(said: Decoded, contents: Contents, payload: Any) -> None:
    word = text(payload)
    if word is not None:
        said.available = contents.member.will.get(word.strip().casefold())


def _state(said: Decoded, contents: Contents, payload: Any) -> None:
    said.readings = []
    contents.state(payload, said.readings)


def _sensor(said: Decoded, contents: Contents, payload: Any) -> None:
    said.readings = []
    if any(key.startswith("Zb") and key not in ("ZbReceived", "ZbInfo") for key in payload):
        said.channel = "info"  # what the bridge says of its network
    elif contents.sensors(payload, said.readings):
        said.channel = "event"


def _told(said: Decoded, contents: Contents, payload: Any) -> None:
    """tele/RESULT: what happened by itself."""
    said.readings = []
    happened = contents.result(payload, said.readings)
    measured = any(r.property not in ("action", "linkquality") for r in said.readings)
    if happened or measured:
        said.channel = "telemetry" if measured else "event"


def _result(said: Decoded, contents: Contents, payload: Any) -> None:
    """stat/RESULT: the answer to a command."""
    refused = payload.get("Command")
    said.ok = refused not in _REFUSALS
    if not said.ok:
        said.error = str(refused)
    said.readings = []
    contents.result(payload, said.readings)


def _status(said: Decoded, contents: Contents, payload: Any) -> None:
    said.ok = True
    said.readings = []
    for key, value in payload.items():
        if value.__class__ is not dict:
            continue
        if key == "StatusSNS":
            contents.sensors(value, said.readings)
            said.ts = _time(value)
        elif key == "StatusSTS":
            contents.state(value, said.readings)
        elif key == "StatusFWR" and isinstance(value.get("Version"), str):
            said.details["firmware_version"] = value["Version"]
        elif key == "StatusNET" and isinstance(value.get("Mac"), str):
            said.details["mac"] = value["Mac"]


def _info(said: Decoded, contents: Contents, payload: Any) -> None:
    for inner in (payload, *payload.values()):
        version = inner.get("Version") if inner.__class__ is dict else None
        if isinstance(version, str):
            said.details["firmware_version"] = version


def _uptime(said: Decoded, contents: Contents, payload: Any) -> None:
    if payload.__class__ is dict:
        said.readings = []
        contents.state(
            {k: payload[k] for k in ("Uptime", "UptimeSec") if k in payload}, said.readings
        )


def _named(said: Decoded, contents: Contents, payload: Any, word: str) -> None:
    """stat/POWERn: a word, or (with SetOption4) an answer."""
    said.readings = []
    answer = payload if payload.__class__ is dict else {word: payload}
    contents.result(answer, said.readings)


def _shutter(said: Decoded, contents: Contents, payload: Any, index: str) -> None:
    said.readings = []
    if payload.__class__ is dict:
        said.channel = "command-result"
        contents.result(payload, said.readings)
    elif (position := number(payload)) is not None:
        contents.shutter(index, {"Position": position}, said.readings.append)


def _answer(said: Decoded, contents: Contents, payload: Any, word: str) -> None:
    """stat/WORD: the answer to that command (SetOption4), or a value a rule publishes."""
    if payload.__class__ is dict:
        said.channel = "command-result"
        _result(said, contents, payload)
    else:
        said.readings = []
        contents.single(word, payload, said.readings.append)


def _other(said: Decoded, contents: Contents, payload: Any, word: str) -> None:
    """tele/WORD: one sensor's object, or a value."""
    said.readings = []
    if payload.__class__ is not dict:
        contents.single(word, payload, said.readings.append)
    elif word == "ZbReceived":
        if contents.zigbee(payload, said.readings):
            said.channel = "event"
    elif any(value.__class__ is dict for value in payload.values()):
        _sensor(said, contents, payload)
    else:
        contents.sensors({word: payload}, said.readings)


def _time(payload: Mapping[str, Any]) -> float | None:
    """When it was sent; the device's local time counts only with its offset from UTC."""
    moment = payload.get("Epoch")
    if moment is not None:
        found = epoch(moment, "s")
    else:
        local = payload.get("Time")
        if local.__class__ is not str or len(local) < 20:
            return None
        found = epoch(local, "iso")
    return found if found is not None and found > _CLOCK_SET else None


_KINDS: dict[tuple[str, str], tuple[str, _Fill | None]] = {
    ("tele", "LWT"): ("availability", _will),
    ("tele", "STATE"): ("state", _state),
    ("stat", "STATE"): ("state", _state),
    ("tele", "SENSOR"): ("telemetry", _sensor),
    ("tele", "RESULT"): ("info", _told),
    ("stat", "RESULT"): ("command-result", _result),
    ("stat", "STATUS"): ("command-result", _status),
    ("tele", "STATUS"): ("info", _status),
    ("tele", "INFO"): ("info", _info),
    ("tele", "HASS_STATE"): ("info", _info),
    ("tele", "UPTIME"): ("info", _uptime),
    ("stat", "LOGGING"): ("log", None),
    ("tele", "LOGGING"): ("log", None),
}
