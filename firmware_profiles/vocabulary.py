"""The canonical vocabulary: properties with their one unit, and the keys that firmwares use."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Kind = Literal["number", "boolean", "switch", "text", "color", "momentary"]


class Term(Struct, frozen=True):
    """A property: what its values are and, for numbers, their one unit.

    `yes` and `no` are words that mean true and false here beside the usual ones.
    """

    property: str
    kind: Kind = "text"
    unit: str | None = None
    yes: frozenset[str] = frozenset()
    no: frozenset[str] = frozenset()


class Alias(Struct, frozen=True):
    """A firmware's key for a property, with the unit its numbers come in (empty: canonical)."""

    property: str
    unit: str = ""


_UNITS = {
    "°C": "temperature dew_point target_temperature device_temperature heat_index",
    "%": "humidity moisture battery brightness position tilt fan_speed valve_position"
    " signal_quality",
    "W": "power",
    "kWh": "energy energy_returned energy_today energy_yesterday",
    "V": "voltage battery_voltage",
    "A": "current",
    "VA": "apparent_power",
    "var": "reactive_power",
    "Hz": "frequency",
    "": "power_factor linkquality",
    "lx": "illuminance",
    "K": "color_temp",
    "hPa": "pressure",
    "ppm": "co2",
    "µg/m³": "voc pm25 pm10",
    "m/s": "wind_speed",
    "°": "wind_direction",
    "mm": "precipitation",
    "µS/cm": "conductivity",
    "m": "distance",
    "kg": "weight",
    "s": "uptime",
    "dBm": "signal_strength",
}
_BOOLEANS = (
    "battery_low occupancy contact vibration smoke water_leak gas carbon_monoxide tamper child_lock"
    " garage_door overheating"
)
_WORDS: dict[str, tuple[str, str]] = {
    "contact": ("closed close", "open opened"),
    "garage_door": ("open opened", "closed close"),
    "child_lock": ("lock locked", "unlock unlocked"),
    "occupancy": ("occupied detected motion", "clear unoccupied none"),
    "smoke": ("detected alarm", "clear idle"),
    "gas": ("detected alarm", "clear idle"),
    "carbon_monoxide": ("detected alarm", "clear idle"),
    "water_leak": ("wet leak detected", "dry clear"),
    "battery_low": ("low", "normal ok"),
    "vibration": ("detected", "clear idle"),
    "tamper": ("detected", "clear"),
}


def _terms() -> dict[str, Term]:
    terms = {
        name: Term(name, "number", unit or None)
        for unit, names in _UNITS.items()
        for name in names.split()
    }
    for name in _BOOLEANS.split():
        yes, no = _WORDS.get(name, ("", ""))
        terms[name] = Term(name, "boolean", yes=frozenset(yes.split()), no=frozenset(no.split()))
    terms["state"] = Term("state", "switch")
    terms["input"] = Term("input", "switch")
    terms["action"] = Term("action", "momentary")
    for name in ("hvac_mode", "hvac_action", "preset"):
        terms[name] = Term(name, "text")
    for name in ("color_xy", "color_hs", "color_rgb"):
        terms[name] = Term(name, "color")
    return terms


TERMS = _terms()
MOMENTARY = frozenset(name for name, term in TERMS.items() if term.kind == "momentary")

_ALIASES = """
temp temperature | tempc temperature °C | tempf temperature °F | temperature_c temperature °C
temperature_f temperature °F | air_temperature temperature | temperature_celsius temperature °C
local_temperature temperature | current_temperature temperature | room_temperature temperature
hum humidity | relative_humidity humidity | rh humidity | dewpoint dew_point
soil_moisture moisture | moi moisture | chip_temperature device_temperature
batt battery | battery_level battery | battery_percent battery | battery_percentage battery
batteryvoltage battery_voltage | low_battery battery_low | batt_low battery_low
motion occupancy | presence occupancy | pir occupancy | leak water_leak | waterleak water_leak
co2_ppm co2 | carbon_dioxide co2 | tvoc voc | pm2_5 pm25 | pm2.5 pm25 | pm_2_5 pm25
lux illuminance | illuminance_lux illuminance | light_level illuminance | lightlevel illuminance
volt voltage | watt power | amp current | kwh energy | freq frequency
active_power power | apparentpower apparent_power | reactivepower reactive_power
powerfactor power_factor | factor power_factor | pf power_factor
rssi signal_strength | wifi_rssi signal_strength | lqi linkquality
press pressure | barometer pressure | pres pressure | pressure_hpa pressure hPa
wind_avg_km_h wind_speed km/h | wind_avg_m_s wind_speed m/s | wind_dir_deg wind_direction
rain_mm precipitation mm | rain precipitation | cond conductivity | dist distance
setpoint target_temperature | target_temp target_temperature | hvacmode hvac_mode
occupied_heating_setpoint target_temperature | current_heating_setpoint target_temperature
pi_heating_demand valve_position | lock child_lock | switch state | relay state | power_state state
click action | event action | uptime_s uptime s | preset_mode preset | colour_temp color_temp
"""


def _aliases() -> dict[str, Alias]:
    table = {name: Alias(name) for name in TERMS}
    for entry in _ALIASES.replace("\n", "|").split("|"):
        key, *rest = entry.split() or ("",)
        if rest:
            table[key] = Alias(rest[0], rest[1] if len(rest) > 1 else "")
    return table


ALIASES = _aliases()


def known(key: str) -> Alias | None:
    """What a well-known key means, however it is written (`Air_temperature`, `RSSI`)."""
    return ALIASES.get(key) or ALIASES.get(key.lower().replace(" ", "_").replace("-", "_"))


def unit_of(property: str) -> str | None:
    """The canonical unit of a property, None for none or an unknown property."""
    term = TERMS.get(property)
    return term.unit if term else None


# units that only one property has; `%`, `ppm` or `s` say too little by themselves
BY_UNIT = {
    "°C": "temperature", "°F": "temperature", "W": "power", "kW": "power", "mW": "power",
    "Wh": "energy", "kWh": "energy", "MWh": "energy", "V": "voltage", "mV": "voltage",
    "A": "current", "mA": "current", "lx": "illuminance", "hPa": "pressure", "Pa": "pressure",
    "kPa": "pressure", "mbar": "pressure", "psi": "pressure", "bar": "pressure",
    "dBm": "signal_strength", "VA": "apparent_power", "var": "reactive_power",
    "Hz": "frequency", "µS/cm": "conductivity",
}  # fmt: skip
