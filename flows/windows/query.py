"""What a window computes: `aggregate:` and `having:` compiled over the columns they use."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from flows.windows.aggregates import NAMES, Accumulator, accumulator
from flows.windows.scalars import FUNCTIONS, Row, Value, scalar
from flows.windows.sql import Call, Column, Node, SqlMistake, parse
from pipelines.tree import suggest

State = list[Any]
HIDDEN = "~"  # begins the names of aggregates that only `having` asks for


class Query(Struct, frozen=True):
    """The aggregates of a window; the first state counts its readings."""

    accumulators: tuple[Accumulator, ...]
    results: tuple[tuple[str, Value], ...]

    def start(self) -> list[State]:
        """The states of nothing."""
        return [each.start() for each in self.accumulators]

    def merge(self, states: list[State], others: Sequence[State]) -> None:
        """Take the states of another part into the first ones."""
        for each, state, other in zip(self.accumulators, states, others, strict=True):
            each.merge(state, other)

    def values(self, states: Sequence[State]) -> dict[str, Any]:
        """The aggregates by name, also those that only `having` asks for."""
        results = [
            each.result(state) for each, state in zip(self.accumulators, states, strict=True)
        ]
        return {"count": results[0]} | {name: value(results) for name, value in self.results}

    def pack(self, states: Sequence[State]) -> list[Any]:
        """The states as JSON knows them."""
        return [each.pack(state) for each, state in zip(self.accumulators, states, strict=True)]

    def unpack(self, packed: Sequence[Any]) -> list[State]:
        """Back from JSON."""
        return [each.unpack(state) for each, state in zip(self.accumulators, packed, strict=True)]


class QueryBuilder:
    """Collects the columns and aggregates that several texts use; `column` checks a name.

    The first column is `ts`; `columns` are the names in the order of a row.
    """

    def __init__(self, column: Callable[[str], str]) -> None:
        self._column = column
        self.columns: list[str] = ["ts"]
        self._calls: list[Call] = [Call("count", ())]
        self._accumulators = [accumulator(self._calls[0], self._argument)]
        self._results: dict[str, Value] = {}

    def add(self, name: str, text: str) -> None:
        """One aggregate under a name.

        Raises:
            SqlMistake: the text is none.
        """
        self._results[name] = scalar(parse(text), self._in_result)

    def having(self, text: str) -> Callable[[Mapping[str, Any]], bool]:
        """A test of the aggregates: those that are named, and further ones it writes out.

        Raises:
            SqlMistake: the text is none.
        """
        names = self.names

        def leaf(node: Node) -> Value | None:
            if isinstance(node, Call) and (unnamed := self._in_result(node)) is not None:
                names.append(f"{HIDDEN}{len(names)}")
                self._results[names[-1]] = unnamed
                place = len(names) - 1
            elif not isinstance(node, Column):
                return None
            elif node.name in names:
                place = names.index(node.name)
            else:
                hint = suggest(node.name, names) or f"known: {', '.join(names)}"
                raise SqlMistake(f"unknown aggregate `{node.name}`", hint)
            return lambda row: row[place]

        test = scalar(parse(text), leaf)
        return lambda values: bool(test([values[name] for name in names]))

    @property
    def names(self) -> list[str]:
        """The names of the results."""
        return list(dict.fromkeys(["count", *self._results]))

    def place(self, name: str) -> int:
        """Where a column stands in a row; it is added if it is new."""
        name = self._column(name)
        if name not in self.columns:
            self.columns.append(name)
        return self.columns.index(name)

    def query(self) -> Query:
        """Everything added so far."""
        return Query(tuple(self._accumulators), tuple(self._results.items()))

    def _in_result(self, node: Node) -> Value | None:
        if isinstance(node, Column):
            hint = f"for example `avg({node.name})` or `last({node.name})`"
            raise SqlMistake(f"`{node.name}` needs an aggregate function around it", hint)
        if not isinstance(node, Call) or node.name in FUNCTIONS:
            return None
        if node.name not in NAMES:
            known = f"known: {', '.join(sorted(NAMES))}"
            near = suggest(node.name, NAMES | set(FUNCTIONS))
            hint = f"{near} {known}" if near else known
            raise SqlMistake(f"unknown aggregate `{node.name}`", hint)
        if node not in self._calls:
            self._accumulators.append(accumulator(node, self._argument))
            self._calls.append(node)
        place = self._calls.index(node)
        return lambda row: row[place]

    def _argument(self, node: Node) -> Value:
        return scalar(node, self._in_argument)

    def _in_argument(self, node: Node) -> Value | None:
        if isinstance(node, Call) and node.name in NAMES:
            raise SqlMistake(f"`{node.name}` stands inside another aggregate")
        if not isinstance(node, Column):
            return None
        place = self.place(node.name)

        def column(row: Row) -> Any:
            return row[place]

        return column
