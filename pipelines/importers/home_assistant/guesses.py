"""What an entity probably is here, by its domain, the words in its name and the known devices."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from pipelines.importers.home_assistant.entities import Target
from pipelines.importers.home_assistant.values import name_of

# the last word of an entity's name: the property it is
_SENSED = {
    "temperature": "temperature", "temp": "temperature", "humidity": "humidity",
    "battery": "battery", "battery_level": "battery", "power": "power", "energy": "energy",
    "voltage": "voltage", "current": "current", "illuminance": "illuminance",
    "lux": "illuminance", "light_level": "illuminance", "pressure": "pressure", "co2": "co2",
    "carbon_dioxide": "co2", "voc": "voc", "pm25": "pm25", "pm2_5": "pm25", "pm10": "pm10",
    "moisture": "moisture", "soil_moisture": "moisture", "linkquality": "linkquality",
    "action": "action", "click": "action", "wind_speed": "wind_speed", "uptime": "uptime",
    "signal_strength": "signal_strength", "conductivity": "conductivity",
    "dew_point": "dew_point", "frequency": "frequency", "distance": "distance",
}  # fmt: skip
# a word in a binary sensor's name: the property, and whether the word names the device too
_DETECTED = {
    "occupancy": "occupancy", "motion": "occupancy", "pir": "occupancy", "presence": "occupancy",
    "movement": "occupancy", "contact": "contact", "door": "contact", "window": "contact",
    "opening": "contact", "gate": "contact", "garage": "contact", "smoke": "smoke",
    "fire": "smoke", "water_leak": "water_leak", "leak": "water_leak", "water": "water_leak",
    "moisture": "water_leak", "flood": "water_leak", "gas": "gas", "co": "carbon_monoxide",
    "vibration": "vibration", "tamper": "tamper", "battery_low": "battery_low",
    "occupied": "occupancy", "doors": "contact", "windows": "contact",
}  # fmt: skip
_OWN_WORDS = (
    "occupancy", "contact", "water_leak", "smoke", "vibration", "tamper", "battery_low", "gas",
)  # fmt: skip
REMEMBERED = frozenset(
    {"input_boolean", "input_number", "input_select", "input_text", "input_datetime"}
    | {"input_button", "counter", "timer", "person", "device_tracker", "zone", "schedule"}
    | {"alarm_control_panel", "calendar", "automation", "variable", "var", "proximity", "todo"}
    | {"group"}
)
_PROPERTIES: Mapping[str, str] = {
    "climate": "hvac_mode", "weather": "condition", "event": "action", "button": "action",
    "image": "state", "number": "value", "select": "option", "text": "text",
}  # fmt: skip


def guess(entity: str, devices: Collection[str], taken: Collection[str]) -> Target:
    """What an entity probably is; `devices` are known names, `taken` the memory keys in use."""
    domain, _, name = entity.partition(".")
    if domain == "script":
        return Target(pipeline=name_of(name))
    if domain in REMEMBERED:
        return Target(memory=entity.replace(".", "_") if name in taken else name)
    known = _known_device(name, devices)
    if known is not None:
        rest = name[len(name_of(known, "_")) :].strip("_")
        return Target(device=known, property=_property(domain, rest or name, rest))
    return _split(domain, name)


def _split(domain: str, name: str) -> Target:
    """Without a device by that name: the last words are the property, what is before the name."""
    words = _SENSED if domain == "sensor" else {word: word for word in _OWN_WORDS}
    for word in sorted(words if domain in ("sensor", "binary_sensor") else (), key=len)[::-1]:
        if name.endswith(f"_{word}"):
            return Target(device=name.removesuffix(f"_{word}"), property=words[word])
    return Target(device=name, property=_property(domain, name, ""))


def _property(domain: str, name: str, rest: str) -> str:
    if domain == "sensor":
        return _SENSED.get(rest) or _last_word(name, _SENSED) or rest or "state"
    if domain == "binary_sensor":
        return _last_word(name, _DETECTED) or rest or "state"
    if domain in ("number", "select", "text") and rest:
        return rest
    return _PROPERTIES.get(domain, "state")


def _last_word(name: str, words: Mapping[str, str]) -> str | None:
    parts = name.split("_")
    for size in (2, 1):
        for start in range(len(parts) - size, -1, -1):
            if found := words.get("_".join(parts[start : start + size])):
                return found
    return None


def _known_device(name: str, devices: Collection[str]) -> str | None:
    """The longest known device whose name begins the entity's."""
    fitting = [
        device
        for device in devices
        if (slug := name_of(device, "_")) and f"{name}_".startswith(f"{slug}_")
    ]
    return max(fitting, key=len, default=None)
