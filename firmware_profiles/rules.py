"""Field rules compiled: from what a profile says about a key to what reads its value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from firmware_profiles import values
from firmware_profiles.units import linear, number, spelled, to_canonical
from firmware_profiles.vocabulary import TERMS, known
from schemas.device import Reading
from schemas.profile import FieldRule

Special = Callable[[Any, dict[str, Any], Callable[[Reading], None]], None]


class Rule(NamedTuple):
    """How one key is read: `convert` its value, or `special` where it needs its siblings."""

    property: str
    unit: str | None
    instance: str | None
    convert: values.Convert
    special: Special | None = None


def ignored(value: Any) -> None:
    """The conversion of a key that says nothing."""


IGNORE = Rule("", None, None, ignored)


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
    term = TERMS.get(long.property)
    unit = term.unit if term else spelled(long.unit) or None
    convert = conversion(long)
    read = Rule(long.property, unit, instance or long.instance or None, convert)
    return read._replace(special=unless(read, long.unless)) if long.unless else read


def conversion(rule: FieldRule) -> values.Convert:
    """The conversion that a field rule describes."""
    term = TERMS.get(rule.property)
    after = values.for_term(term) if term else values.plain
    if (term and term.kind == "number") or (not term and rule.unit):
        after = to_canonical(rule.unit, term.unit if term else rule.unit)
    if rule.scale is not None:
        after = values.percent(rule.scale)
    elif rule.factor != 1 or rule.offset:
        after = _then(linear(rule.factor, rule.offset), after)
    if rule.values:
        after = _then(values.chosen(rule.values), after)
    return values.inverse(after) if rule.invert else after


def unless(rule: Rule, keys: list[str]) -> Special:
    """A reading that gives way to other keys of the same payload."""
    property, unit, instance, convert, _ = rule

    def read(value: Any, payload: dict[str, Any], add: Callable[[Reading], None]) -> None:
        for key in keys:
            if payload.get(key) is not None:
                return
        plain = convert(value)
        if plain is not None:
            add(Reading(property, plain, unit, instance))

    return read


def well_known(key: str, instance: str | None = None) -> Rule | None:
    """The rule for a key of the shared vocabulary; None when nobody knows it."""
    alias = known(key)
    if alias is None:
        return None
    return compiled(FieldRule(property=alias.property, unit=alias.unit), instance)


def unknown(key: str, instance: str | None = None) -> Rule:
    """The rule for a key that nobody knows: the firmware's own name and no unit."""
    return Rule(key, None, instance, values.plain)


def _then(first: values.Convert, second: values.Convert) -> values.Convert:
    if second is number or second is values.plain:
        return first

    def convert(value: Any) -> Any:
        return second(first(value))

    return convert
