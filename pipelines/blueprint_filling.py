"""Inputs filled into a blueprint: `!input NAME` replaced, and what has no value left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pipelines.component import Component
from pipelines.decode import fields_of
from pipelines.registry import CONDITIONS, STEPS, TRIGGERS
from pipelines.tree import Asked, Map, Seq, suggest
from schemas.problem import Position, Problem


class Given(NamedTuple):
    """The value of an input and where it is written; None: it has none."""

    value: Any
    at: Position


_GONE = object()
_CONDITIONS = ("if", "conditions", "while", "until")


class _Filled(Map):
    """A mapping that knows which of its keys were left out."""

    __slots__ = ("left_out",)

    def __init__(self, at: Position) -> None:
        super().__init__(at)
        self.left_out: set[str] = set()


class Filling:
    """Fills inputs into trees.

    A key whose input has no value is left out as if it were not written, and so is an item of a
    list. A trigger, condition or step that cannot be without the key is left out as a whole, and a
    list that loses all its items. A list in the place of an item becomes part of the list around
    it. Problems are those of the blueprint.
    """

    def __init__(self, inputs: Mapping[str, Given]) -> None:
        self.problems: list[Problem] = []
        self._inputs = inputs

    def fill(self, tree: Map) -> Map:
        """The mapping with its inputs filled in."""
        filled = _Filled(tree.at)
        for key, value in tree.items():
            self._put(filled, key, tree.keys_at[key], Given(value, tree.values_at[key]))
        return filled

    def _put(self, filled: _Filled, key: str, key_at: Position, given: Given) -> None:
        found = self._value(given)
        if found.value is _GONE or (key in _CONDITIONS and _is_lost(found.value)):
            filled.left_out.add(key)
        else:
            filled.put(key, found.value, key_at, found.at)

    def _value(self, given: Given) -> Given:
        value, at = given
        if isinstance(value, Asked):
            return self._input(value, at)
        if isinstance(value, Map):
            return Given(self.fill(value), at)
        if isinstance(value, Seq):
            items = self._items(value)
            return Given(_GONE if value and not items else items, at)
        return given

    def _input(self, name: Asked, at: Position) -> Given:
        if name not in self._inputs:
            hint = suggest(name, self._inputs) or "declare it under `inputs`"
            self.problems.append(Problem(at, f"there is no input `{name}`", hint))
            return Given(_GONE, at)
        found = self._inputs[name]
        return Given(_GONE, at) if found.value is None else found

    def _items(self, items: Seq) -> Seq:
        filled = Seq(items.at)
        for item, spot in zip(items, items.values_at, strict=True):
            value, at = self._value(Given(item, spot))
            if isinstance(item, Asked) and isinstance(value, Seq):
                for inner, inner_at in zip(value, value.values_at, strict=True):
                    filled.put(inner, inner_at)
            elif value is not _GONE and not _is_lost(value):
                filled.put(value, at)
        return filled


def _is_lost(entry: Any) -> bool:
    """Whether a trigger, condition or step lacks what it cannot be without."""
    if not isinstance(entry, _Filled):
        return False
    for name in entry.left_out:
        if kinds := _kinds(name):  # `- stop: !input reason` may still be `- stop:`
            entry.put(name, None, entry.at, entry.at)
            if all(kind.main and _needs(kind, {kind.main}) for kind in kinds):
                return True
    return any(
        all(_needs(kind, value.left_out) for kind in kinds)
        for name, value in entry.items()
        if isinstance(value, _Filled) and (kinds := _kinds(name))
    )


def _kinds(name: str) -> Sequence[type[Component]]:
    return [kind[name] for kind in (TRIGGERS, CONDITIONS, STEPS) if name in kind]


def _needs(kind: type[Component], gone: set[str]) -> bool:
    fields = fields_of(kind)
    return any(fields[key].required for key in gone if key in fields)
