"""Field rules compiled: from what a profile says about a key to what reads its value."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from types import MappingProxyType
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from firmware_profiles import values
from firmware_profiles.templates import Template
from firmware_profiles.units import linear, number, spelled, to_canonical
from firmware_profiles.vocabulary import TERMS, known
from schemas.device import Reading
from schemas.profile import FieldRule

Special = Callable[[Any, Mapping[str, Any], Callable[[Reading], None]], None]


class Rule(Struct, frozen=True):
    """How one key is read: `convert` its value, or `special` where it needs its siblings."""

    property: str
    unit: str | None
    instance: str | None
    convert: values.Convert
    special: Special | None = None


def ignored(value: Any) -> None:
    """The conversion of a key that says nothing."""


_AS_IT_IS = frozenset({number, values.plain})  # what a usual number passes through unchanged
_PLAIN = 1e18
_LEARNED_MAX = 500
_NESTED_MAX = 64
_DEPTH_MAX = 3
_COLORS = (
    ("color_xy", ("x", "y")),
    ("color_rgb", ("r", "g", "b")),
    ("color_hs", ("hue", "saturation")),
    ("color_hs", ("h", "s")),
)
IGNORE = Rule("", None, None, ignored)


class Rules(dict[str, Rule]):
    """The rules of one kind of payload by key; a key is learned when it is first seen."""

    def __init__(
        self, guess: Callable[[str], Rule], given: Mapping[str, Rule] = MappingProxyType({})
    ) -> None:
        super().__init__(given)
        self._guess = guess

    def __missing__(self, key: str) -> Rule:
        rule = self._guess(key)
        if len(self) < _LEARNED_MAX:
            self[key] = rule
        return rule


def read_object(
    payload: Mapping[str, Any],
    rules: Mapping[str, Rule],
    readings: list[Reading],
    skipped: Container[str] = (),
) -> None:
    """Read every key of an object; null says nothing. `skipped` are paths read elsewhere."""
    add = readings.append
    for key, value in payload.items():
        if value is None:
            continue
        rule = rules[key]
        if rule.special is not None:
            rule.special(value, payload, add)
            continue
        kind, convert = value.__class__, rule.convert
        if (kind is float or kind is int) and convert in _AS_IT_IS and -_PLAIN < value < _PLAIN:
            plain = value
        else:
            plain = convert(value)
        if plain is not None:
            add(Reading(rule.property, plain, rule.unit, rule.instance))
        elif kind is dict and rule.property:
            spread(key, value, rule.instance, add, skipped)


def spread(
    key: str,
    value: Mapping[str, Any],
    instance: str | None,
    add: Callable[[Reading], None],
    skipped: Container[str],
    depth: int = 0,
) -> None:
    """The values of an object nobody knows, each under its path: `KEY_INNER`."""
    for name, inner in list(value.items())[:_NESTED_MAX]:
        path = f"{key}.{name}"
        if path in skipped:
            continue
        if inner.__class__ is dict and depth < _DEPTH_MAX:
            spread(path, inner, instance, add, skipped, depth + 1)
            continue
        plain = values.plain(inner)
        if plain is not None:
            add(Reading(path.replace(".", "_"), plain, None, instance))


def read_color(value: Any, payload: Mapping[str, Any], add: Callable[[Reading], None]) -> None:
    """A color object: x and y, hue and saturation, or r, g and b."""
    if value.__class__ is not dict:
        return
    for property, names in _COLORS:
        parts = [number(value.get(name)) for name in names]
        if None not in parts:
            add(Reading(property, parts, None, None))
            if property == "color_hs":
                return


def full(rule: FieldRule | str | None) -> FieldRule | None:
    """The long form of a field rule: `power W` is `{property: power, unit: W}`."""
    if not isinstance(rule, str):
        return rule
    property, _, unit = rule.strip().partition(" ")
    return FieldRule(property=property, unit=unit.strip())


def compiled(rule: FieldRule | str | None, instance: str | None = None) -> Rule:
    """The rule that reads one key.

    Raises:
        ValueError: the unit does not lead to the property's canonical one.
    """
    long = full(rule)
    if long is None or not long.property:
        return IGNORE
    if "{" in long.unit:
        return _told_unit(long, instance)
    term = TERMS.get(long.property)
    unit = term.unit if term else spelled(long.unit) or None
    convert = conversion(long)
    read = Rule(long.property, unit, instance or long.instance or None, convert)
    return replace(read, special=unless(read, long.unless)) if long.unless else read


def conversion(rule: FieldRule) -> values.Convert:
    """The conversion that a field rule describes."""
    term = TERMS.get(rule.property)
    after = values.for_term(term) if term else values.plain
    if (term and term.kind == "number") or (not term and rule.unit):
        after = to_canonical(rule.unit, term.unit if term else rule.unit)
    if rule.scale is not None:
        after = values.percent(rule.scale)
    elif rule.factor != 1 or rule.offset:
        scaled = linear(rule.factor, rule.offset)
        after = scaled if after is number else _then(scaled, after)
    if rule.values:
        after = _then(values.chosen(rule.values), after)
    if rule.pattern:
        after = _then(values.found(rule.pattern), after)
    return values.inverse(after) if rule.invert else after


def _told_unit(rule: FieldRule, instance: str | None) -> Rule:
    """A rule whose unit stands in the payload too; an unknown unit says nothing."""
    known: dict[str | None, Rule | None] = {}
    template = Template(rule.unit)
    base = compiled(replace(rule, unit=""), instance)

    def of(unit: str | None) -> Rule | None:
        try:
            return compiled(replace(rule, unit=unit or ""), instance)
        except ValueError:
            return None

    def read(value: Any, payload: Mapping[str, Any], add: Callable[[Reading], None]) -> None:
        unit = template.fill(payload)
        if unit not in known and len(known) < _LEARNED_MAX:
            known[unit] = of(unit)
        found = known.get(unit)
        plain = found.convert(value) if found is not None else None
        if found is not None and plain is not None:
            add(Reading(found.property, plain, found.unit, found.instance))

    return replace(base, special=read)


def unless(rule: Rule, keys: list[str]) -> Special:
    """A reading that gives way to other keys of the same payload."""
    property, unit, instance, convert = rule.property, rule.unit, rule.instance, rule.convert

    def read(value: Any, payload: Mapping[str, Any], add: Callable[[Reading], None]) -> None:
        for key in keys:
            if payload.get(key) is not None:
                return
        plain = convert(value)
        if plain is not None:
            add(Reading(property, plain, unit, instance))

    return read


def well_known(key: str, instance: str | None = None) -> Rule | None:
    """The rule for a key of the shared vocabulary; None when nobody knows it."""
    if key == "color":
        return Rule("color_rgb", None, instance, values.color, read_color)
    alias = known(key)
    if alias is None:
        return None
    return compiled(FieldRule(property=alias.property, unit=alias.unit), instance)


def unknown(key: str, instance: str | None = None) -> Rule:
    """The rule for a key that nobody knows: the firmware's own name and no unit."""
    return Rule(key, None, instance, values.plain)


def _then(first: values.Convert, second: values.Convert) -> values.Convert:
    def convert(value: Any) -> Any:
        return second(first(value))

    return convert
