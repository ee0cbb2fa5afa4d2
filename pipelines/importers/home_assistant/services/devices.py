"""Services of lights, covers, locks, fans, heating, media players and other devices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import structs

from pipelines.importers.home_assistant.services.call import Call, Service, Steps
from pipelines.importers.home_assistant.services.colors import NAMED
from pipelines.importers.home_assistant.services.telling import (
    own,
    properties,
    state,
    toggle,
    verb,
)
from pipelines.importers.home_assistant.unsupported import Unsupported
from pipelines.importers.home_assistant.values import is_template, plain_number, span, spelled

_Field = tuple[str, Callable[[Call, str], Any]]


def _same(call: Call, key: str) -> Any:
    return plain_number(call.value(key))


def _scaled(factor: float, digits: int = 0) -> Callable[[Call, str], Any]:
    """A value in another unit, also where it is a template."""

    def scaled(call: Call, key: str) -> Any:
        value = call.data[key]
        if is_template(value):
            return f"{{{{ ({call.page.inner(value)} | float * {factor:g}) | round({digits}) }}}}"
        return _rounded(_number(value, key) * factor, digits)

    return scaled


def _rounded(value: float, digits: int) -> float | int:
    return round(value, digits) if digits else round(value)


def _number(value: Any, key: str) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise Unsupported(f"`{key}: {value}` is no number") from None


def _from_mireds(call: Call, key: str) -> Any:
    value = call.data[key]
    if is_template(value):
        return f"{{{{ (1000000 / {call.page.inner(value)} | float) | round }}}}"
    mireds = _number(value, key)
    if mireds <= 0:
        raise Unsupported(f"`{key}: {value}` is no colour temperature")
    return round(1_000_000 / mireds)


def _color_name(call: Call, key: str) -> Any:
    name = call.data[key]
    color = NAMED.get(str(name).lower().replace(" ", ""))
    if color is None:
        raise Unsupported(f"the colour `{name}` is not known by name: give `rgb_color`")
    return list(color)


def _transition(call: Call, key: str) -> Any:
    value = call.data[key]
    if is_template(value):
        return f"{call.page.text(value)}s"
    return spelled(span(value))


def _step_up(property: str, factor: float = 1.0) -> Callable[[Call, str], Any]:
    """A change of a value by an amount, from what was last reported."""

    def step(call: Call, key: str) -> Any:
        devices = [known.target.device for known in call.entities if known.target.is_device()]
        if len(devices) != 1 or call.selectors:
            raise Unsupported(f"`{key}` for several devices at once")
        amount = call.page.inner(call.data[key])
        reading = f"reading('{devices[0]}', '{property}', default=0)"
        change = amount if factor == 1.0 else f"{amount} * {factor:g}"
        return f"{{{{ [[{reading} + {change}, 0] | max, 100] | min }}}}"

    return step


_LIGHT: Mapping[str, _Field] = {
    "brightness": ("brightness", _scaled(1 / 2.55)), "brightness_pct": ("brightness", _same),
    "brightness_step": ("brightness", _step_up("brightness", 1 / 2.55)),
    "brightness_step_pct": ("brightness", _step_up("brightness")),
    "color_temp_kelvin": ("color_temp", _same), "kelvin": ("color_temp", _same),
    "color_temp": ("color_temp", _from_mireds), "rgb_color": ("color_rgb", _same),
    "xy_color": ("color_xy", _same), "hs_color": ("color_hs", _same),
    "color_name": ("color_rgb", _color_name), "effect": ("effect", _same),
    "flash": ("effect", _same), "transition": ("transition", _transition),
    "white_value": ("white", _scaled(1 / 2.55)), "rgbw_color": ("color_rgbw", _same),
}  # fmt: skip
_HEAT: Mapping[str, _Field] = {
    "temperature": ("target_temperature", _same), "hvac_mode": ("hvac_mode", _same),
    "operation_mode": ("hvac_mode", _same),
}  # fmt: skip
_FAN: Mapping[str, _Field] = {
    "percentage": ("fan_speed", _same), "preset_mode": ("preset", _same),
    "speed": ("fan_mode", _same), "oscillating": ("oscillation", _same),
    "direction": ("direction", _same),
}  # fmt: skip
_MEDIA: Mapping[str, _Field] = {
    "volume_level": ("volume", _scaled(100)), "is_volume_muted": ("muted", _same),
    "media_content_id": ("media", _same), "media_content_type": ("media_type", _same),
    "source": ("source", _same), "sound_mode": ("sound_mode", _same), "shuffle": ("shuffle", _same),
    "repeat": ("repeat_mode", _same), "seek_position": ("media_position", _same),
}  # fmt: skip
_IGNORED = frozenset({"extra", "enqueue", "announce", "profile_name", "code"})


def _fields(table: Mapping[str, _Field]) -> Callable[[Call], dict[str, Any]]:
    """The properties that the data of a call sets."""

    def values(call: Call) -> dict[str, Any]:
        found = {}
        for key in call.data:
            if key in table:
                property, convert = table[key]
                found[property] = convert(call, key)
            elif key not in _IGNORED:
                raise Unsupported(f"`{key}` of `{call.name}` is not known")
        return found

    return values


def _value(property: str, key: str) -> Service:
    """A service that sets one property from one key of its data."""
    return properties(_needed({key: (property, _same)}))


def _needed(table: Mapping[str, _Field]) -> Callable[[Call], dict[str, Any]]:
    read = _fields(table)

    def values(call: Call) -> dict[str, Any]:
        found = read(call)
        if not found:
            raise Unsupported(f"`{call.name}` says nothing")
        return found

    return values


def _constant(property: str, value: Any) -> Service:
    return properties(lambda call: {property: value})


def _known(*verbs: str, prefix: str) -> dict[str, Service]:
    """Services whose name is what the device knows to do."""
    return {f"{prefix}.{word}": verb(word) for word in verbs}


def _switched(domain: str, table: Mapping[str, _Field] | None = None) -> dict[str, Service]:
    on = state("on", _fields(table)) if table is not None else state("on")
    off = _fields({"transition": _LIGHT["transition"]}) if domain == "light" else None
    return {
        f"{domain}.turn_on": on, f"{domain}.turn_off": state("off", off),
        f"{domain}.toggle": toggle,
    }  # fmt: skip


def _set_temperature(call: Call) -> Steps:
    """One target, or a low and a high one: instances of the same property."""
    ends = {key: call.data[key] for key in ("target_temp_low", "target_temp_high")
            if key in call.data}  # fmt: skip
    rest = structs.replace(call, data={k: v for k, v in call.data.items() if k not in ends})
    steps = properties(_needed(_HEAT))(rest) if rest.data or not ends else []
    for key in ends:
        instance = key.removeprefix("target_temp_")
        value = plain_number(call.value(key))
        for step in _constant("target_temperature", value)(rest):
            step.get("device", {})["instance"] = instance
            steps.append(step)
    return steps


def _remote(call: Call) -> Steps:
    """`remote.send_command`: each command is something the device knows to do."""
    commands = call.value("command")
    steps: Steps = []
    for each in commands if isinstance(commands, list) else [commands]:
        if each is None:
            raise Unsupported("no command is given")
        steps += verb(str(each))(call)
    return steps


DEVICES: Mapping[str, Service] = {
    **_switched("light", _LIGHT), **_switched("switch"), **_switched("fan", _FAN),
    **_switched("siren", {"tone": ("tone", _same), "duration": ("duration", _same),
                          "volume_level": ("volume", _scaled(100))}),
    **_switched("humidifier"), **_switched("media_player"), **_switched("remote"),
    **_switched("vacuum"), **_switched("water_heater"), **_switched("climate"),
    **_switched("camera"),
    "cover.open_cover": verb("open", "open"), "cover.close_cover": verb("close", "closed"),
    "cover.turn_on": verb("open", "open"), "cover.turn_off": verb("close", "closed"),
    "cover.stop_cover": verb("stop"), "cover.toggle": toggle,
    "cover.set_cover_position": _value("position", "position"),
    "cover.set_cover_tilt_position": _value("tilt", "tilt_position"),
    "cover.open_cover_tilt": _constant("tilt", 100),
    "cover.close_cover_tilt": _constant("tilt", 0), "cover.stop_cover_tilt": verb("stop"),
    "valve.open_valve": verb("open", "open"), "valve.close_valve": verb("close", "closed"),
    "valve.stop_valve": verb("stop"), "valve.toggle": toggle,
    "valve.set_valve_position": _value("position", "position"),
    "lock.lock": verb("lock", "locked"), "lock.unlock": verb("unlock", "unlocked"),
    "lock.open": verb("open", "open"),
    "fan.set_percentage": _value("fan_speed", "percentage"),
    "fan.set_speed": _value("fan_mode", "speed"),
    "fan.set_preset_mode": _value("preset", "preset_mode"),
    "fan.oscillate": _value("oscillation", "oscillating"),
    "fan.set_direction": _value("direction", "direction"),
    **_known("increase_speed", "decrease_speed", prefix="fan"),
    "climate.turn_on": _constant("state", "on"), "climate.set_temperature": _set_temperature,
    "climate.set_hvac_mode": _value("hvac_mode", "hvac_mode"),
    "climate.set_operation_mode": _value("hvac_mode", "operation_mode"),
    "climate.set_preset_mode": _value("preset", "preset_mode"),
    "climate.set_fan_mode": _value("fan_mode", "fan_mode"),
    "climate.set_swing_mode": _value("swing_mode", "swing_mode"),
    "climate.set_humidity": _value("target_humidity", "humidity"),
    "water_heater.set_temperature": properties(_needed(_HEAT)),
    "water_heater.set_operation_mode": _value("hvac_mode", "operation_mode"),
    "water_heater.set_away_mode": _value("away_mode", "away_mode"),
    "humidifier.set_humidity": _value("target_humidity", "humidity"),
    "humidifier.set_mode": _value("preset", "mode"),
    "media_player.volume_set": properties(_needed(_MEDIA)),
    "media_player.volume_mute": properties(_needed(_MEDIA)),
    "media_player.play_media": properties(_needed(_MEDIA)),
    "media_player.select_source": properties(_needed(_MEDIA)),
    "media_player.select_sound_mode": properties(_needed(_MEDIA)),
    "media_player.shuffle_set": properties(_needed(_MEDIA)),
    "media_player.repeat_set": properties(_needed(_MEDIA)),
    "media_player.media_seek": properties(_needed(_MEDIA)),
    "media_player.clear_playlist": verb("clear_playlist"), "media_player.unjoin": verb("unjoin"),
    **{f"media_player.{word}": verb(word.removeprefix("media_")) for word in (
        "media_play", "media_pause", "media_stop", "media_play_pause", "media_next_track",
        "media_previous_track", "volume_up", "volume_down")},
    **_known("start", "pause", "stop", "return_to_base", "locate", "clean_spot", "start_pause",
             prefix="vacuum"),
    "vacuum.set_fan_speed": _value("fan_mode", "fan_speed"),
    **_known("start_mowing", "pause", "dock", prefix="lawn_mower"),
    "remote.send_command": _remote,
    "button.press": verb("press"), "number.set_value": own("value"),
    "select.select_option": own("option"), "text.set_value": own("value"),
    **_known("select_next", "select_previous", "select_first", "select_last", prefix="select"),
    "update.install": verb("install"),
}  # fmt: skip
