"""What keeps a value from firing a trigger, in words: limits, and what it was before."""

from collections.abc import Callable
from typing import Any

from flows.matching import number, one_of
from pipelines.scope import Expr, Scope
from pipelines.tools import Tools
from pipelines.trigger import Doubt

Compare = Callable[[Any, Any, bool, Scope], Doubt | None]
"""Called with the value, the one before, and whether there was one."""


def band_doubt(above: Any, below: Any, tools: Tools) -> Compare:
    """Why a value does not enter the band above one limit and below another."""
    limits = [
        (word, tools.expression(limit, word))
        for word, limit in (("above", above), ("below", below))
        if limit is not None
    ]

    def doubt(value: Any, previous: Any, known: bool, scope: Scope) -> Doubt | None:
        values = {"value": value, "previous": previous, **_limits(limits, scope)}
        if number(value) is None:
            return Doubt("limit", f"{value!r} is no number", values)
        if missed := _missed(value, limits, scope):
            return Doubt("limit", f"{value} is not {missed}", values)
        band = " and ".join(f"{word} {_told(limit(scope))}" for word, limit in limits)
        if not known:
            text = f"{value} is {band}, but the first value known crosses nothing"
            return Doubt("first", text, values)
        if not _missed(previous, limits, scope):
            text = f"{value} is {band}, but it was before too ({previous}): only crossing fires"
            return Doubt("crossed", text, values)
        return None

    return doubt


def change_doubt(before: Any, after: Any, tools: Tools, *, unset: Any = None) -> Compare:
    """Why a change is not the one wanted: from one value, or to one."""
    olds = None if before is unset else one_of(before, tools, "from")
    news = None if after is unset else one_of(after, tools, "to")
    old_of, new_of = tools.template(before, "from"), tools.template(after, "to")

    def doubt(value: Any, previous: Any, known: bool, scope: Scope) -> Doubt | None:
        values = {"value": value, "previous": previous}
        if news is not None and not news(value, scope):
            text = f"it became {value!r}, not {new_of(scope)!r}"
            return Doubt("to", text, {**values, "to": new_of(scope)})
        if known and value == previous:
            return Doubt("unchanged", f"it was {value!r} before already", values)
        if olds is not None and not (known and olds(previous, scope)):
            was = repr(previous) if known else "not known"
            text = f"it was {was} before, not {old_of(scope)!r}"
            return Doubt("from", text, {**values, "from": old_of(scope)})
        return None

    return doubt


def _limits(limits: list[tuple[str, Expr]], scope: Scope) -> dict[str, Any]:
    return {word: limit(scope) for word, limit in limits}


def _told(limit: Any) -> str:
    return f"{limit:g}" if isinstance(limit, float) else str(limit)


def _missed(value: Any, limits: list[tuple[str, Expr]], scope: Scope) -> str:
    """The limit that a value is not beyond, empty when it is beyond all."""
    found = number(value)
    for word, limit in limits:
        bound = number(limit(scope))
        if found is None or bound is None:
            return f"{word} {_told(limit(scope))}"
        if not (found > bound if word == "above" else found < bound):
            return f"{word} {_told(limit(scope))}"
    return ""
