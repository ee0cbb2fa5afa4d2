"""YAML files as trees that know their places: `!secret`, `!include`, anchors and merge keys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from pipelines.scalars import plain
from pipelines.tree import Map, Secret, Seq, masked, suggest
from schemas.problem import Position, Problem

MAX_BYTES = 4_000_000
MAX_DEPTH = 64
MAX_NODES = 200_000
_CORE = "tag:yaml.org,2002:"
_QUOTE = 'quote the expression: `"{{ … }}"`'


class Reader:
    """Reads the YAML files of one home; problems are collected, never raised.

    `texts` keeps each file's text by the name its positions carry (the path relative to the
    home), `secrets` the values that must never be shown.
    """

    def __init__(self, home: Path | None = None) -> None:
        self.home = home.resolve() if home else None
        self.problems: list[Problem] = []
        self.texts: dict[str, str] = {}
        self.secrets: set[str] = set()
        self._secret_values: Map | None = None

    def load(self, path: Path) -> Any:
        """The tree of a file (Map, Seq, scalar), None when it has problems."""
        return _Load(self, [path.resolve()]).file(path)

    def parse(self, text: str, file: str, folder: Path | None = None) -> Any:
        """The tree of a text; `folder` is where its includes are looked for."""
        return _Load(self, [(folder or self.home or Path.cwd()) / file]).text(text, file)

    def name(self, path: Path) -> str:
        """How positions name a file: relative to the home when it lies inside."""
        full = path.resolve()
        if self.home and full.is_relative_to(self.home):
            return full.relative_to(self.home).as_posix()
        return str(path)

    def sorted_problems(self) -> list[Problem]:
        """Every problem once, by place, without the values of secrets."""
        return sorted({masked(problem, self.secrets) for problem in self.problems})

    def problem(self, at: Position, text: str, hint: str = "") -> None:
        """Note a problem."""
        self.problems.append(Problem(at, text, hint))

    def secret(self, name: str, at: Position) -> Any:
        """The value of `!secret NAME`; None with a problem when there is none."""
        if self._secret_values is None:
            self._secret_values = self._load_secrets()
        if name not in self._secret_values:
            hint = suggest(name, self._secret_values) or f"add `{name}: …` to secrets.yaml"
            self.problem(at, f"secrets.yaml has no `{name}`", hint)
            return None
        value = self._secret_values[name]
        return Secret(value) if isinstance(value, str) else value

    def _load_secrets(self) -> Map:
        self._secret_values = Map()
        path = (self.home or Path.cwd()) / "secrets.yaml"
        tree = self.load(path) if path.is_file() else Map()
        if not isinstance(tree, Map):
            if tree is not None:
                self.problem(Position(self.name(path), 1, 1), "expected `NAME: value` lines")
            return Map()
        self.secrets.update(str(value) for value in tree.values() if len(str(value)) > 3)
        return tree


class _Stop(Exception):
    """The file cannot be read further; its problem is noted."""


class _Load:
    """One loading of a root file with all it includes; limits hold for the whole."""

    def __init__(self, reader: Reader, stack: list[Path]) -> None:
        self.reader = reader
        self.stack = stack
        self.nodes = 0

    def file(self, path: Path) -> Any:
        name = self.reader.name(path)
        try:
            if path.stat().st_size > MAX_BYTES:
                self.reader.problem(Position(name), f"larger than {MAX_BYTES // 1_000_000} MB")
                return None
            text = path.read_bytes().decode("utf-8-sig")
        except OSError as error:
            self.reader.problem(Position(name), f"cannot be read: {error.strerror}")
            return None
        except UnicodeDecodeError as error:
            self.reader.problem(Position(name), f"not UTF-8 text (byte {error.start})")
            return None
        return self.text(text, name)

    def text(self, text: str, name: str) -> Any:
        before = len(self.reader.problems)
        self.reader.texts[name] = text
        try:
            tree = _Document(self, text, name).root()
        except yaml.YAMLError as error:
            self.reader.problems.append(_syntax_problem(error, text, name))
        except UnicodeError:
            self.reader.problem(Position(name), "not UTF-8 text")
        except _Stop:
            pass
        return tree if len(self.reader.problems) == before else None

    def spend(self, nodes: int, at: Position) -> None:
        """Count values, those that aliases repeat included."""
        self.nodes += nodes
        if self.nodes > MAX_NODES:
            self.reader.problem(
                at, f"more than {MAX_NODES:,} values", "are there aliases of aliases?"
            )
            raise _Stop

    def include(self, target: str, at: Position) -> Any:
        path = self._inside(target, at)
        if path is None:
            return None
        if not path.is_file():
            self.reader.problem(at, f"there is no file `{target}`")
            return None
        return self._enter(path, at)

    def include_folder(self, target: str, at: Position) -> Seq:
        items = Seq(at)
        folder = self._inside(target, at)
        if folder is not None and not folder.is_dir():
            self.reader.problem(at, f"there is no folder `{target}`")
        elif folder is not None:
            for path in sorted(folder.rglob("*.y*ml")):
                if not path.name.startswith(".") and (child := self._inside(str(path), at)):
                    items.put(self._enter(child, at), Position(self.reader.name(child), 1, 1))
        return items

    def _enter(self, path: Path, at: Position) -> Any:
        if path in self.stack:
            chain = " → ".join(self.reader.name(each) for each in [*self.stack, path])
            self.reader.problem(at, f"a file includes itself: {chain}")
            return None
        if len(self.stack) > 16:
            self.reader.problem(at, "more than 16 includes inside one another")
            return None
        self.stack.append(path)
        try:
            return self.file(path)
        finally:
            self.stack.pop()

    def _inside(self, target: str, at: Position) -> Path | None:
        try:
            path = (self.stack[-1].parent / target).resolve()
        except (OSError, ValueError, RuntimeError):
            self.reader.problem(at, f"`{target}` is no path")
            return None
        if self.reader.home is None or not path.is_relative_to(self.reader.home):
            self.reader.problem(at, f"`{target}` lies outside the home")
            return None
        return path


class _Document:
    """Builds the tree of one file from the parser's events."""

    def __init__(self, load: _Load, text: str, name: str) -> None:
        self.load = load
        self.reader = load.reader
        self.name = name
        self.next: Callable[[], Any] = yaml.CSafeLoader(text).get_event
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.open: set[str] = set()

    def root(self) -> Any:
        self.next()
        if isinstance(self.next(), yaml.StreamEndEvent):
            return None
        tree = self.node(self.next(), 0)
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

    def node(self, event: Any, depth: int) -> Any:
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event)
        before, anchor = self.load.nodes, event.anchor
        if depth > MAX_DEPTH:
            self.reader.problem(self.at(event), f"nested more than {MAX_DEPTH} deep")
            raise _Stop
        self.load.spend(1, self.at(event))
        if anchor:
            self.open.add(anchor)
        if isinstance(event, yaml.ScalarEvent):
            value = self.scalar(event)
        elif isinstance(event, yaml.MappingStartEvent):
            value = self.mapping(event, depth)
        else:
            value = self.sequence(event, depth)
        if anchor:
            self.open.discard(anchor)
            self.anchors[anchor] = value, self.load.nodes - before
        return value

    def alias(self, event: Any) -> Any:
        if event.anchor in self.anchors and event.anchor not in self.open:
            value, nodes = self.anchors[event.anchor]
            self.load.spend(nodes, self.at(event))
            return value
        if event.anchor in self.open:
            self.reader.problem(self.at(event), f"`*{event.anchor}` stands inside itself")
        else:
            hint = suggest(event.anchor, self.anchors) or "quote the text if it begins with `*`"
            self.reader.problem(self.at(event), f"there is no anchor `&{event.anchor}`", hint)
        return None

    def sequence(self, event: Any, depth: int) -> Seq:
        self.no_tag(event, "seq")
        items = Seq(self.at(event))
        while not isinstance(item := self.next(), yaml.SequenceEndEvent):
            items.put(self.node(item, depth + 1), self.at(item))
        return items

    def mapping(self, event: Any, depth: int) -> Map:
        self.no_tag(event, "map")
        tree = Map(self.at(event))
        merges: list[tuple[Any, Position]] = []
        while not isinstance(key := self.next(), yaml.MappingEndEvent):
            name, key_at = self.key(key, depth), self.at(key)
            value_event = self.next()
            value = self.node(value_event, depth + 1)
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

    def key(self, event: Any, depth: int) -> str | None:
        """A key as written; None with a problem where it is no text."""
        if isinstance(event, yaml.ScalarEvent):
            self.load.spend(1, self.at(event))
            if event.anchor:
                self.anchors[event.anchor] = str(event.value), 1
            return str(event.value)
        at, alias = self.at(event), isinstance(event, yaml.AliasEvent)
        value = self.node(event, depth + 1)
        if alias and isinstance(value, str):
            return value
        if isinstance(value, Map):
            self.reader.problem(at, "an expression without quotes", _QUOTE)
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
            return plain(text) if event.implicit[0] else text
        at = self.at(event)
        if tag == "!secret":
            return self.reader.secret(text, at)
        if tag == "!include":
            return self.load.include(text, at)
        if tag == "!include_dir_list":
            return self.load.include_folder(text, at)
        if tag in ("!", f"{_CORE}str"):
            return text
        if tag in (f"{_CORE}int", f"{_CORE}float", f"{_CORE}bool", f"{_CORE}null"):
            return plain(text)
        return self.no_tag(event, "")

    def no_tag(self, event: Any, expected: str) -> None:
        if event.tag in (None, "!", f"{_CORE}{expected}"):
            return
        shown = event.tag.replace(_CORE, "!!")
        known = ("!secret", "!include", "!include_dir_list")
        self.reader.problem(self.at(event), f"unknown tag `{shown}`", suggest(shown, known))


def _syntax_problem(error: yaml.YAMLError, text: str, name: str) -> Problem:
    """The parser's error in the user's words, with a hint for the usual slips."""
    mark: Any = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is None:
        position = getattr(error, "position", None)
        line = text.count("\n", 0, position) + 1 if isinstance(position, int) else 0
        return Problem(Position(name, line, 1 if line else 0), "a control character", "remove it")
    at = Position(name, mark.line + 1, mark.column + 1)
    lines = text.splitlines()
    line_text = lines[mark.line] if mark.line < len(lines) else ""
    problem = str(getattr(error, "problem", "") or error)
    context = getattr(error, "context", None)
    return Problem(at, f"{problem} {context}" if context else problem, _hint(problem, line_text))


def _hint(problem: str, line: str) -> str:
    value = line.partition(": ")[2].strip() or line.strip(" -")
    if value.startswith("{{") or "{%" in value:
        return _QUOTE
    if value.startswith("*"):
        return f'quote it: `"{value}"` (a bare `*` begins an alias)'
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return "indent with spaces, YAML allows no tabs"
    if value[:1] in "@`%&!|>" and value:
        return f'quote it: `"{value}"`'
    if "mapping values" in problem:
        return "quote a text that holds `: `, or check the indentation"
    return ""
