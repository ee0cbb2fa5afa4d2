"""YAML files as trees that know their places: `!secret`, `!include`, anchors and merge keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from pipelines.include_tags import INCLUDES
from pipelines.includes import ONE, SECRETS, Load, Size, Stop
from pipelines.scalars import plain
from pipelines.slips import QUOTE, control_character, syntax
from pipelines.tree import Map, Secret, Seq, place, suggest
from schemas.problem import Position, Problem

_CORE = "tag:yaml.org,2002:"
Tag = Callable[[Load, str, Position], Any]
"""What a tagged scalar stands for, by its text and place."""


class Reader:
    """Reads the YAML files of one home; problems are collected, never raised.

    `texts` keeps each file's text by the name its positions carry (the path relative to the
    home), `folders` the folders included as a whole, `secrets` the values that must never be
    shown. `tags` are the tags a scalar may have.
    """

    def __init__(self, home: Path | None = None, tags: Mapping[str, Tag] | None = None) -> None:
        self.home = home.resolve() if home else None
        self.tags = TAGS if tags is None else tags
        self.problems: list[Problem] = []
        self.texts: dict[str, str] = {}
        self.folders: set[Path] = set()
        self.secrets: set[str] = set()
        self._secret_values: dict[str, str] | None = None

    def load(self, path: Path, *, asks: bool = False) -> Any:
        """The tree of a file (Map, Seq, scalar), None when it has problems.

        With `asks` it is a blueprint: `!input NAME` may stand in it.
        """
        return Load(self, [path.resolve()], asks=asks).file(path)

    def parse(self, text: str, file: str, folder: Path | None = None) -> Any:
        """The tree of a text; `folder` is where its includes are looked for."""
        return self.tree(text, file, Load(self, [(folder or self.home or Path.cwd()) / file]))

    def tree(self, text: str, name: str, load: Load) -> Any:
        """The tree of a file's text within a load; None when it has problems."""
        before, depth = len(self.problems), load.depth
        self.texts[name] = text
        try:
            tree = _Document(load, text, name).root()
        except yaml.YAMLError as error:
            self.problems.append(_syntax_problem(error, text, name))
        except UnicodeError:
            self.problem(Position(name), "not UTF-8 text")
        except Stop:
            load.depth = depth
        return tree if len(self.problems) == before else None

    def name(self, path: Path) -> str:
        """How positions name a file: relative to the home when it lies inside."""
        for full in (path.absolute(), path.resolve()):
            if self.home and full.is_relative_to(self.home) and ".." not in full.parts:
                return full.relative_to(self.home).as_posix()
        return str(path)

    def problem(self, at: Position, text: str, hint: str = "") -> None:
        """Note a problem."""
        self.problems.append(Problem(at, text, hint))

    def secret(self, name: str, at: Position) -> Secret | None:
        """The text behind `!secret NAME`; None with a problem when there is none."""
        known = self.all_secrets()
        if name not in known:
            hint = suggest(name, known) or f"add `{name}: …` to secrets.yaml"
            self.problem(at, f"secrets.yaml has no `{name}`", hint)
            return None
        return Secret(known[name])

    def all_secrets(self) -> dict[str, str]:
        """Everything in `secrets.yaml` by name, read once."""
        if self._secret_values is None:
            self._secret_values = self._load_secrets()
        return self._secret_values

    def _load_secrets(self) -> dict[str, str]:
        self._secret_values = {}
        path = (self.home or Path.cwd()) / SECRETS
        if not path.is_file():
            return {}
        tree = Load(self, [path.resolve()], scalar=str).file(path)
        start = Position(self.name(path), 1, 1)
        if tree is not None and not isinstance(tree, Map):
            self.problem(start, "expected `NAME: value` lines")
            return {}
        texts = {name: value for name, value in (tree or {}).items() if isinstance(value, str)}
        for name in (tree or {}).keys() - texts.keys():
            self.problem(place(tree, [name], start), f"the secret `{name}` must be one text")
        self.secrets.update(texts.values())
        return texts


TAGS: Mapping[str, Tag] = {
    "!secret": lambda load, text, at: load.reader.secret(text, at),
    "!input": Load.asked,
    **INCLUDES,
}  # fmt: skip
"""The tags of the language."""


class _Document:
    """Builds the tree of one file from the parser's events."""

    def __init__(self, load: Load, text: str, name: str) -> None:
        self.load = load
        self.reader = load.reader
        self.name = name
        self.next: Callable[[], Any] = yaml.CSafeLoader(text).get_event
        self.anchors: dict[str, tuple[Any, Size]] = {}
        self.open: set[str] = set()

    def root(self) -> Any:
        self.next()
        if isinstance(self.next(), yaml.StreamEndEvent):
            return None
        tree = self.node(self.next())
        self.next()
        event = self.next()
        if not isinstance(event, yaml.StreamEndEvent):
            self.reader.problem(
                self.at(event), "a second document begins here", "one `---` at most, at the top"
            )
        return tree

    def at(self, event: Any) -> Position:
        mark = event.start_mark
        return Position(self.name, mark.line + 1, mark.column + 1)

    def node(self, event: Any) -> Any:
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event)
        before = self.load.enter(self.at(event))
        if event.anchor:
            self.open.add(event.anchor)
        if isinstance(event, yaml.ScalarEvent):
            value = self.scalar(event)
        elif isinstance(event, yaml.MappingStartEvent):
            value = self.mapping(event)
        else:
            value = self.sequence(event)
        size = self.load.leave(before)
        if event.anchor:
            self.open.discard(event.anchor)
            self.anchors[event.anchor] = value, size
        return value

    def alias(self, event: Any) -> Any:
        if event.anchor in self.anchors and event.anchor not in self.open:
            value, size = self.anchors[event.anchor]
            self.load.spend(size, self.at(event))
            return value
        if event.anchor in self.open:
            self.reader.problem(self.at(event), f"`*{event.anchor}` stands inside itself")
        else:
            hint = suggest(event.anchor, self.anchors) or "quote the text if it begins with `*`"
            self.reader.problem(self.at(event), f"there is no anchor `&{event.anchor}`", hint)
        return None

    def sequence(self, event: Any) -> Seq:
        self.no_tag(event, "seq")
        items = Seq(self.at(event))
        while not isinstance(item := self.next(), yaml.SequenceEndEvent):
            items.put(self.node(item), self.at(item))
        return items

    def mapping(self, event: Any) -> Map:
        self.no_tag(event, "map")
        tree = Map(self.at(event))
        merges: list[tuple[Any, Position]] = []
        while not isinstance(key := self.next(), yaml.MappingEndEvent):
            name, key_at = self.key(key), self.at(key)
            value_event = self.next()
            value = self.node(value_event)
            if name == "<<" and key.style == "":
                merges.append((value, self.at(value_event)))
            elif name is None:
                continue
            elif name in tree:
                first = tree.keys_at[name]
                self.reader.problem(
                    key_at, f"`{name}` stands here a second time", f"the first is at {first}"
                )
            else:
                tree.put(name, value, key_at, self.at(value_event))
        for value, at in merges:
            self.merge(tree, value, at)
        return tree

    def key(self, event: Any) -> str | None:
        """A key as written; None with a problem where it is no text."""
        if isinstance(event, yaml.ScalarEvent):
            self.load.spend(ONE, self.at(event))
            if event.anchor:
                self.anchors[event.anchor] = str(event.value), ONE
            return str(event.value)
        at, alias = self.at(event), isinstance(event, yaml.AliasEvent)
        value = self.node(event)
        if alias and isinstance(value, str):
            return value
        if isinstance(value, Map):
            self.reader.problem(at, "an expression without quotes", QUOTE)
        else:
            self.reader.problem(at, "a key must be text")
        return None

    def merge(self, tree: Map, value: Any, at: Position) -> None:
        for base in value if isinstance(value, Seq) else [value]:
            if not isinstance(base, Map):
                self.reader.problem(at, "`<<` takes a mapping or a list of mappings")
                continue
            for key in base:
                if key not in tree:
                    tree.put(key, base[key], base.keys_at[key], base.values_at[key])

    def scalar(self, event: Any) -> Any:
        tag, text = event.tag, str(event.value)
        if tag is None:
            return self.load.scalar(text) if event.implicit[0] else text
        at = self.at(event)
        if read := self.reader.tags.get(tag):
            return read(self.load, text, at)
        if tag in ("!", f"{_CORE}str"):
            return text
        if tag in (f"{_CORE}int", f"{_CORE}float", f"{_CORE}bool", f"{_CORE}null"):
            return plain(text)
        return self.no_tag(event, "")

    def no_tag(self, event: Any, expected: str) -> None:
        if event.tag in (None, "!", f"{_CORE}{expected}"):
            return
        shown = event.tag.replace(_CORE, "!!")
        hint = suggest(shown, self.reader.tags)
        self.reader.problem(self.at(event), f"unknown tag `{shown}`", hint)


def _syntax_problem(error: yaml.YAMLError, text: str, name: str) -> Problem:
    """The parser's error as a problem."""
    mark: Any = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is None:
        return control_character(text, getattr(error, "position", None), name)
    problem = str(getattr(error, "problem", "") or error)
    context = str(getattr(error, "context", "") or "")
    began: Any = getattr(error, "context_mark", None) or mark
    at, since = (Position(name, each.line + 1, each.column + 1) for each in (mark, began))
    return syntax(problem, context, text, at, since)
