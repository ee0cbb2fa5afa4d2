"""What a window trigger asks for: `aggregate`, `by` and `having`, with problems at their places."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from flows.forgiving import forgiving
from flows.windows.query import Query, QueryBuilder
from flows.windows.sql import SqlMistake
from pipelines.expression import is_expression
from pipelines.scope import Scope
from pipelines.tools import Tools

Having = Callable[[Mapping[str, Any], Scope], bool]

RESERVED = frozenset({"id", "start", "end", "ts", "late"})


class Asked(Struct, frozen=True):
    """The query, the columns of its rows, the places of those it groups by, and the last test."""

    query: Query
    columns: Sequence[str]
    by: Mapping[str, int]
    having: Having | None


def asked(
    aggregate: Mapping[str, str],
    by: Sequence[str],
    having: str | None,
    *,
    column: Callable[[str], str],
    tools: Tools,
) -> Asked:
    """Compile all of it, once."""
    builder = QueryBuilder(column)
    places: dict[str, int] = {}
    for index, name in enumerate(by):
        if name in RESERVED:
            tools.problem(f"windows cannot be told apart by `{name}`", f"by/{index}")
        try:
            places[name] = builder.place(name)
        except SqlMistake as mistake:
            tools.problem(str(mistake), f"by/{index}", mistake.hint)
    for name, text in aggregate.items():
        if name in RESERVED or name in places:
            tools.problem(f"an aggregate cannot be named `{name}`", f"aggregate/{name}")
        try:
            builder.add(name, text)
        except SqlMistake as mistake:
            tools.problem(f"`{name}`: {mistake}", f"aggregate/{name}", mistake.hint)
            builder.add(name, "count()")
    last = _having(having, builder, tools)
    return Asked(builder.query(), builder.columns, places, last)


def _having(text: str | None, builder: QueryBuilder, tools: Tools) -> Having | None:
    if text is None:
        return None
    if is_expression(text):
        return _template(text, builder, tools)
    try:
        test = builder.having(text)
    except SqlMistake as mistake:
        tools.problem(f"`having`: {mistake}", "having", mistake.hint)
        return None
    return lambda values, scope: test(values)


def _template(text: str, builder: QueryBuilder, tools: Tools) -> Having:
    expression = forgiving(tools.expression(text, "having", names=builder.names), False)

    def having(values: Mapping[str, Any], scope: Scope) -> bool:
        inner = scope.child(scope.repeat)
        inner.trigger = dict(values)
        inner.variables = {**scope.variables, **values}
        return bool(expression(inner))

    return having
