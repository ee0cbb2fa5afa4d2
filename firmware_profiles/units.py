"""Units: from what a firmware sends to the one canonical unit of each property, and back."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Any

Number = Callable[[Any], float | int | None]

# (unit as sent, canonical unit) -> factor, offset: canonical = sent * factor + offset
_LINEAR: dict[tuple[str, str], tuple[float, float]] = {
    ("°F", "°C"): (5 / 9, -160 / 9),
    ("mV", "V"): (0.001, 0),
    ("kV", "V"): (1000, 0),
    ("mA", "A"): (0.001, 0),
    ("mW", "W"): (0.001, 0),
    ("kW", "W"): (1000, 0),
    ("kVA", "VA"): (1000, 0),
    ("kvar", "var"): (1000, 0),
    ("Wh", "kWh"): (0.001, 0),
    ("MWh", "kWh"): (1000, 0),
    ("W·min", "kWh"): (1 / 60000, 0),
    ("Ws", "kWh"): (1 / 3_600_000, 0),
    ("Pa", "hPa"): (0.01, 0),
    ("kPa", "hPa"): (10, 0),
    ("mbar", "hPa"): (1, 0),
    ("bar", "hPa"): (1000, 0),
    ("inHg", "hPa"): (33.86389, 0),
    ("mmHg", "hPa"): (1.333224, 0),
    ("psi", "hPa"): (68.94757, 0),
    ("km/h", "m/s"): (1 / 3.6, 0),
    ("mph", "m/s"): (0.44704, 0),
    ("kn", "m/s"): (0.514444, 0),
    ("ft/s", "m/s"): (0.3048, 0),
    ("mm", "m"): (0.001, 0),
    ("cm", "m"): (0.01, 0),
    ("km", "m"): (1000, 0),
    ("in", "m"): (0.0254, 0),
    ("ft", "m"): (0.3048, 0),
    ("cm", "mm"): (10, 0),
    ("in", "mm"): (25.4, 0),
    ("g", "kg"): (0.001, 0),
    ("lb", "kg"): (0.45359237, 0),
    ("oz", "kg"): (0.028349523, 0),
    ("ms", "s"): (0.001, 0),
    ("min", "s"): (60, 0),
    ("h", "s"): (3600, 0),
    ("d", "s"): (86400, 0),
    ("kHz", "Hz"): (1000, 0),
    ("mHz", "Hz"): (0.001, 0),
    ("ppb", "ppm"): (0.001, 0),
    ("mg/m³", "µg/m³"): (1000, 0),
    ("mS/cm", "µS/cm"): (1000, 0),
    ("S/cm", "µS/cm"): (1_000_000, 0),
    ("klx", "lx"): (1000, 0),
    ("%", ""): (0.01, 0),
    ("ratio", "%"): (100, 0),
}  # fmt: skip
_SPELLINGS = {
    "C": "°C", "*C": "°C", "ºC": "°C", "℃": "°C", "degC": "°C", "celsius": "°C",
    "F": "°F", "*F": "°F", "ºF": "°F", "℉": "°F", "degF": "°F", "fahrenheit": "°F",
    "wh": "Wh", "kwh": "kWh", "KWh": "kWh", "Wmin": "W·min", "W*min": "W·min", "watt": "W",
    "volt": "V", "ampere": "A", "VAr": "var", "VAR": "var", "hpa": "hPa",
    "lux": "lx", "Lux": "lx", "%rH": "%", "%RH": "%", "percent": "%",
    "μg/m³": "µg/m³", "ug/m3": "µg/m³", "µg/m3": "µg/m³", "ug/m³": "µg/m³", "μg/m3": "µg/m³",
    "mg/m3": "mg/m³", "uS/cm": "µS/cm", "μS/cm": "µS/cm", "kelvin": "K", "mireds": "mired",
    "deg": "°", "minutes": "min", "seconds": "s", "hours": "h", "sec": "s", "kmh": "km/h",
    "inches": "in", "hz": "Hz", "dbm": "dBm", "dB": "dBm",
}  # fmt: skip


def spelled(unit: str | None) -> str:
    """The usual spelling of a unit, empty for none."""
    text = (unit or "").strip()
    return _SPELLINGS.get(text, text)


def number(value: Any) -> float | int | None:
    """A finite number, also from text that is one; None for anything else."""
    kind = value.__class__
    if kind is int:
        return value if -(2**63) <= value < 2**64 else float(value) if abs(value) < 1e308 else None
    if kind is float:
        return value if isfinite(value) else None
    if kind is str:
        return _parsed(value)
    return None


def _parsed(text: str) -> float | int | None:
    text = text.strip()
    if not text or len(text) > 32 or "_" in text:
        return None
    try:
        return int(text) if text.lstrip("+-").isdecimal() else number(float(text))
    except ValueError:
        return None


def kelvin(value: Any) -> int | None:
    """Mired (reciprocal megakelvin) to kelvin, or back: the formula is its own inverse."""
    mired = number(value)
    return round(1e6 / mired) if mired is not None and mired > 1e-6 else None


def linear(factor: float, offset: float = 0.0, digits: int = 9) -> Number:
    """A conversion `value * factor + offset`, rounded to hide binary fractions."""

    def convert(value: Any) -> float | int | None:
        plain = number(value)
        if plain is None:
            return None
        result = plain * factor + offset
        return round(result, digits) if isfinite(result) else None

    return convert


def convertible(unit: str | None, canonical: str | None) -> bool:
    """Whether values in `unit` can be said in `canonical`."""
    sent, wanted = spelled(unit), spelled(canonical)
    return sent in ("", wanted) or {sent, wanted} == {"mired", "K"} or (sent, wanted) in _LINEAR


def to_canonical(unit: str | None, canonical: str | None) -> Number:
    """The conversion of numbers in `unit` into the canonical unit (no unit: it is that already).

    Raises:
        ValueError: no rule leads from one to the other.
    """
    sent, wanted = spelled(unit), spelled(canonical)
    if sent in ("", wanted):
        return number
    if sent == "mired" and wanted == "K":
        return kelvin
    rule = _LINEAR.get((sent, wanted))
    if rule is None:
        raise ValueError(f"`{sent}` cannot be converted to `{wanted or 'a plain number'}`")
    return linear(*rule)


def from_canonical(unit: str | None, canonical: str | None) -> Number:
    """The conversion of canonical numbers into a firmware's unit.

    Raises:
        ValueError: no rule leads from one to the other.
    """
    wanted, known = spelled(unit), spelled(canonical)
    if wanted in ("", known):
        return number
    if wanted == "mired" and known == "K":
        return kelvin
    rule = _LINEAR.get((wanted, known))
    if rule is None:
        raise ValueError(f"`{known or 'a plain number'}` cannot be converted to `{wanted}`")
    factor, offset = rule
    return linear(1 / factor, -offset / factor)
