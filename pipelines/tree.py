"""What YAML becomes before it is decoded: mappings and lists that know their places."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from schemas.problem import Position

if TYPE_CHECKING:
    from collections.abc import Iterable


class Map(dict[str, Any]):
    """A mapping from YAML; `keys_at` and `values_at` hold the place of each key and value."""

    __slots__ = ("at", "keys_at", "values_at")

    def __init__(self, at: Position = Position()) -> None:  # noqa: B008 (frozen)
        super().__init__()
        self.at = at
        self.keys_at: dict[str, Position] = {}
        self.values_at: dict[str, Position] = {}

    def put(self, key: str, value: Any, key_at: Position, value_at: Position) -> None:
        """Set a key with its places."""
        self[key] = value
        self.keys_at[key] = key_at
        self.values_at[key] = value_at


class Seq(list[Any]):
    """A list from YAML; `values_at` holds the place of each item."""

    __slots__ = ("at", "values_at")

    def __init__(self, at: Position = Position()) -> None:  # noqa: B008 (frozen)
        super().__init__()
        self.at = at
        self.values_at: list[Position] = []

    def put(self, value: Any, at: Position) -> None:
        """Append an item with its place."""
        self.append(value)
        self.values_at.append(at)


class Secret(str):
    """A text from `secrets.yaml`: never an expression, never shown."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "•••"


class Asked(str):
    """The name of an input, in a blueprint: stands for the value somebody will give."""

    __slots__ = ()


def place(tree: Any, path: Iterable[str | int], start: Position) -> Position:
    """The place of the value at `path` inside `tree`, or of the nearest one around it."""
    at = start
    for step in path:
        if isinstance(tree, Map) and str(step) in tree:
            at = tree.values_at.get(str(step), at)
            tree = tree[str(step)]
        elif isinstance(tree, Seq) and isinstance(step, int) and step < len(tree):
            at, tree = tree.values_at[step], tree[step]
        else:
            return at
    return at


def found(tree: Any, path: Iterable[str | int]) -> Any:
    """The value at `path` inside `tree`, None where there is none."""
    for step in path:
        if isinstance(tree, Map):
            tree = tree.get(str(step))
        elif isinstance(tree, Seq) and isinstance(step, int) and step < len(tree):
            tree = tree[step]
        else:
            return None
    return tree


def suggest(name: str, known: Iterable[str]) -> str:
    """A `did you mean` hint, empty when nothing is close."""
    close = get_close_matches(name, [*known], 1, 0.6)
    return f"did you mean `{close[0]}`?" if close else ""
