"""Lights in their three schemas: default (a topic for each value), JSON, template."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from firmware_profiles import values
from firmware_profiles.decoders.ha_discovery.parts import Limits, Setter, Thing, unspan
from firmware_profiles.decoders.ha_discovery.sensing import instance, matching
from firmware_profiles.decoders.ha_discovery.template import Value, at
from firmware_profiles.units import kelvin, number

_COLORS = {"color_xy": ("x", "y"), "color_hs": ("h", "s"), "color_rgb": ("r", "g", "b")}


def light(thing: Thing) -> None:
    """A light by its schema."""
    thing.instance = instance(thing.config, "state")
    thing.limits["color_temp"] = _range(thing)
    schema = thing.config.text("schema", "basic").lower()
    {"json": _json, "template": _template}.get(schema, _basic)(thing)


def _range(thing: Thing) -> Limits:
    """The color temperatures in kelvin; mireds turn round."""
    options = thing.config.options
    low = options.get("min_kelvin") or kelvin(options.get("max_mireds"))
    high = options.get("max_kelvin") or kelvin(options.get("min_mireds"))
    return Limits((), number(low), number(high))


def _temperature(thing: Thing) -> values.Convert:
    """Color temperatures come in mired, in kelvin if the config says so; back likewise."""
    if str(thing.config.options.get("color_temp_kelvin")).lower() != "true":
        return kelvin
    return lambda value: None if (plain := number(value)) is None else round(plain)


def _basic(thing: Thing) -> None:
    config = thing.config
    on, off = config.text("payload_on", "ON"), config.text("payload_off", "OFF")
    state = thing.value("state_value_template", "value_template")
    thing.read("state", "state_topic", thing.switched(matching(on, off)), state)
    thing.on_off(on, off)
    full = config.number("brightness_scale", 255)
    bright = thing.value("brightness_value_template")
    thing.read("brightness", "brightness_state_topic", values.percent(full), bright)
    thing.set(
        "brightness", "brightness_command_topic", unspan(0, full), "brightness_command_template"
    )
    warmth = thing.value("color_temp_value_template")
    thing.read("color_temp", "color_temp_state_topic", _temperature(thing), warmth)
    thing.set(
        "color_temp", "color_temp_command_topic", _temperature(thing), "color_temp_command_template"
    )
    for word in ("rgb", "hs", "xy", "rgbw", "rgbww"):
        _color(thing, word)
    effect = thing.value("effect_value_template")
    thing.read("effect", "effect_state_topic", values.text, effect)
    thing.set("effect", "effect_command_topic", values.text, "effect_command_template")


def _color(thing: Thing, word: str) -> None:
    """A color as `1,2,3`; its command template knows the parts by name."""
    property = f"color_{word[:3] if word.startswith('rgb') else word}"
    thing.read(property, f"{word}_state_topic", values.color, thing.value(f"{word}_value_template"))
    topic = thing.config.text(f"{word}_command_topic")
    if not topic or property in thing.setters:
        return
    source = thing.config.options.get(f"{word}_command_template")
    render = thing.templates.command(source)
    names = {"rgb": ("red", "green", "blue"), "hs": ("hue", "sat"), "xy": ("x", "y")}.get(
        word[:3], ()
    )

    def write(value: Any) -> str | None:
        parts = _numbers(value)
        if parts is None:
            return None
        parts += [0] * (len(word) - len(parts))
        if source is None:
            return ",".join(str(part) for part in parts)
        return render(dict(zip(names, parts, strict=False)) | {"value": parts})

    thing.setters[property] = Setter(topic, write)


def _numbers(value: Any) -> list[Any] | None:
    return values.color(list(value) if isinstance(value, list | tuple) else value)


def _json(thing: Thing) -> None:
    """`{"state": "ON", "brightness": 127, "color_temp": 370, "color": {…}, "effect": …}`."""
    config = thing.config
    topic, full = config.text("command_topic"), config.number("brightness_scale", 255)
    thing.read("state", "state_topic", thing.switched(matching("ON", "OFF")), at("state"))
    thing.read("brightness", "state_topic", values.percent(full), at("brightness"))
    thing.read("color_temp", "state_topic", _temperature(thing), at("color_temp"))
    for property, parts in _COLORS.items():
        thing.read(property, "state_topic", _parts(parts), at("color"))
    thing.read("effect", "state_topic", values.text, at("effect"))
    if not topic:
        return
    bright, warm = unspan(0, full), _temperature(thing)
    for property, write in (
        ("state", _on_off),
        ("brightness", bright),
        ("color_temp", warm),
        ("effect", values.text),
    ):
        if property == "state" or _can(thing, property):
            thing.setters[property] = Setter(topic, _under(property, write))
    for property, parts in _COLORS.items():
        if _can(thing, property.removeprefix("color_")):
            thing.setters[property] = Setter(topic, _under("color", _named(parts)))
    thing.wrap = _lit


def _can(thing: Thing, what: str) -> bool:
    """Whether a JSON light has a color mode, or says so by a flag of its own (before 2021)."""
    options = thing.config.options
    modes = options.get("supported_color_modes")
    listed = [str(mode) for mode in modes] if isinstance(modes, list) else []
    if what == "brightness":
        return str(options.get(what)).lower() != "false" or any(m != "onoff" for m in listed)
    if what in listed or (what in ("hs", "rgb", "xy") and set(listed) & {"hs", "rgb", "xy"}):
        return True
    return str(options.get(what)).lower() == "true" or (what == "rgb" and "rgbw" in str(listed))


def _lit(payload: dict[str, Any], transition: float | None) -> str:
    lit = payload if "state" in payload else {"state": "ON"} | payload
    more = {} if transition is None else {"transition": transition}
    return msgspec.json.encode(lit | more).decode()


def _on_off(value: Any) -> str | None:
    return {"on": "ON", "off": "OFF", "True": "ON", "False": "OFF"}.get(str(value))


def _under(key: str, write: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def object(value: Any) -> dict[str, Any] | None:
        plain = write(value)
        return None if plain is None else {key: plain}

    return object


def _parts(names: tuple[str, ...]) -> values.Convert:
    def convert(value: Any) -> list[Any] | None:
        if value.__class__ is not dict:
            return None
        parts = [number(value.get(name)) for name in names]
        return None if None in parts else parts

    return convert


def _named(names: tuple[str, ...]) -> Callable[[Any], Any]:
    def object(value: Any) -> dict[str, Any] | None:
        parts = _numbers(value)
        fits = parts is not None and len(parts) >= len(names)
        return dict(zip(names, parts or (), strict=False)) if fits else None

    return object


def _template(thing: Thing) -> None:
    """Values by templates; commands by command_on_template and command_off_template."""
    config = thing.config
    states = thing.value("state_template")
    thing.read("state", "state_topic", thing.switched(matching("on", "off")), states)
    for property, convert in (
        ("brightness", values.percent(255)),
        ("color_temp", _temperature(thing)),
        ("effect", values.text),
    ):
        if f"{property}_template" in config.options:
            thing.read(property, "state_topic", convert, thing.value(f"{property}_template"))
    if "red_template" in config.options:
        thing.read("color_rgb", "state_topic", values.color, _rgb(thing))
    on = thing.templates.command(config.options.get("command_on_template"))
    off = thing.templates.command(config.options.get("command_off_template"))
    bright, warm, topic = unspan(0, 255), _temperature(thing), config.text("command_topic")

    def rendered(payload: dict[str, Any], transition: float | None) -> str | None:
        names = {**payload, **({} if transition is None else {"transition": transition})}
        return off(names) if payload.get("state") == "off" else on({**names, "state": "on"})

    for name, write in (
        ("state", lambda value: {"True": "on", "False": "off"}.get(str(value), str(value))),
        ("brightness", bright),
        ("color_temp", warm),
        ("effect", values.text),
        ("color_rgb", _named(("red", "green", "blue"))),
    ):
        flat = write if name == "color_rgb" else _under(name, write)
        if topic:
            thing.setters[name] = Setter(topic, flat)
    thing.wrap = rendered


def _rgb(thing: Thing) -> Value:
    parts = [thing.value(f"{color}_template") for color in ("red", "green", "blue")]

    def value(raw: bytes, payload: Any) -> Any:
        return [part(raw, payload) for part in parts]

    return value
