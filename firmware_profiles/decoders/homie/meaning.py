"""What the values of one Homie property mean: by its id, data type, unit and format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from firmware_profiles import values
from firmware_profiles.rules import compiled
from firmware_profiles.units import convertible, from_canonical, number, spelled
from firmware_profiles.vocabulary import ALIASES, BY_UNIT, TERMS, Alias, known
from schemas.device import Reading
from schemas.profile import FieldRule

_SWITCHES = frozenset({"power", "on", "onoff", "on-off", "enabled", "active"})
_SHARES = frozenset({"brightness", "position", "tilt", "fan_speed", "valve_position"})
_COLORS = {"rgb": ("color_rgb", 3), "hsv": ("color_hs", 2), "xyz": ("color_xy", 2)}
_SQUASHED = {name.replace("_", "").replace(".", ""): alias for name, alias in ALIASES.items()} | {
    "settemperature": Alias("target_temperature"),
    "targettemperature": Alias("target_temperature"),
}


class Meaning(NamedTuple):
    """A property's canonical name, unit and instance; its conversions from and to the wire."""

    property: str
    unit: str | None
    instance: str | None
    convert: values.Convert
    wire: Callable[[Any], str | None]
    id: str
    node: str

    def readings(self, payload: Any) -> list[Reading]:
        """The reading of a value; under the property's own id where it is not of its kind."""
        plain = self.convert(payload)
        if plain is not None:
            return [Reading(self.property, plain, self.unit, self.instance)]
        plain = values.plain(payload)
        return [] if plain is None else [Reading(self.id, plain, None, self.node)]


def meaning(node: str, id: str, attributes: Mapping[str, str]) -> Meaning:
    """The meaning of a property by its attributes (none: by its id alone)."""
    datatype, form = attributes.get("datatype", ""), attributes.get("format", "")
    if datatype == "color":
        return _color(node, id, form, named=attributes.get("homie") == "5")
    alias = known(id) or _SQUASHED.get(id.lower().replace("-", "").replace("_", ""))
    term = TERMS[alias.property] if alias else None
    if datatype == "boolean" and (term is None or term.kind != "boolean"):
        if attributes.get("settable") == "true":
            named = id.lower() in _SWITCHES or (term is not None and term.kind == "switch")
            place = node if named else f"{node}/{id}"
            return Meaning("state", None, place, values.switch, _boolean, id, node)
        return Meaning(id, None, node, values.boolean(), _boolean, id, node)
    unit = attributes.get("unit", "")
    if alias and term and (term.kind != "number" or convertible(unit or alias.unit, term.unit)):
        rule = FieldRule(
            property=alias.property,
            unit=(unit or alias.unit) if term.kind == "number" else "",
            scale=_scale(alias.property, unit, form, datatype),
        )
        return _known(rule, node, node, id, datatype)
    by_unit = "humidity" if "rh" in unit.lower() else BY_UNIT.get(spelled(unit), "")
    if by_unit and datatype not in ("string", "enum"):
        return _known(FieldRule(property=by_unit, unit=unit), f"{node}/{id}", node, id, datatype)
    return Meaning(id, None, node, _PLAIN.get(datatype, values.plain), _text, id, node)


def _known(rule: FieldRule, instance: str, node: str, id: str, datatype: str) -> Meaning:
    read = compiled(rule, instance)
    return Meaning(
        rule.property, read.unit, instance, read.convert, _wire(rule, read.unit, datatype), id, node
    )


def _scale(property: str, unit: str, form: str, datatype: str) -> float | None:
    """The raw value of 100 % where a share is told in other steps (`0:255`)."""
    if property not in _SHARES or spelled(unit) == "%" or datatype == "percent":
        return None
    low, _, high = form.partition(":")
    full = number(high.partition(":")[0])
    return float(full) if full and number(low) == 0 and full != 100 else None


def _wire(rule: FieldRule, unit: str | None, datatype: str) -> Callable[[Any], str | None]:
    if datatype == "boolean":
        return _boolean
    if TERMS[rule.property].kind != "number":
        return _text
    back = from_canonical(rule.unit, unit)

    def write(value: Any) -> str | None:
        raw = back(value)
        if raw is None:
            return None
        raw = raw * rule.scale / 100 if rule.scale else raw
        whole = datatype in ("integer", "") and round(raw, 6) == round(raw)
        return str(round(raw)) if whole or datatype == "integer" else str(round(raw, 6))

    return write


def _text(value: Any) -> str | None:
    return values.text(value)


def _boolean(value: Any) -> str | None:
    plain = values.boolean(frozenset({"open"}), frozenset({"closed", "close"}))(value)
    return None if plain is None else "true" if plain else "false"


def _color(node: str, id: str, form: str, *, named: bool) -> Meaning:
    """Homie 4: `255,0,0` of the format; Homie 5 names it: `rgb,255,0,0`, and allows several."""
    usual = next((word for word in form.split(",") if word in _COLORS), "rgb")
    property, _ = _COLORS[usual]

    def convert(value: Any) -> list[Any] | None:
        head, *parts = str(value).split(",")
        name, parts = (head, parts) if head in _COLORS else (usual, [head, *parts])
        plain = [number(part) for part in parts]
        return None if None in plain or name != usual else plain[: _COLORS[name][1]]

    def write(value: Any) -> str | None:
        parts = list(value) if isinstance(value, list | tuple) else []
        if usual != "rgb" and len(parts) == 2:
            parts.append(100 if usual == "hsv" else round(1 - sum(parts), 4))
        text = ",".join(str(part) for part in parts)
        return (f"{usual},{text}" if named else text) if parts else None

    return Meaning(property, None, node, convert, write, id, node)


_PLAIN: dict[str, values.Convert] = {
    "integer": number,
    "float": number,
    "percent": number,
    "string": values.text,
    "enum": values.text,
}
