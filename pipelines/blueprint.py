"""Blueprints: pipelines with inputs to be filled in, and the pipelines that use them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pipelines.blueprint_filling import Filling, Given
from pipelines.decode import decode
from pipelines.inputs import read
from pipelines.source import Reader
from pipelines.tree import Asked, Map, Secret, Seq, suggest
from schemas.pipeline import PARTS, Blueprint, Input
from schemas.problem import Position, Problem

FOLDER = "blueprints"
SHIPPED = Path(__file__).parent / FOLDER
_INSTEAD = ("triggers", "steps", "inputs")
_OWN = frozenset({"id", "inputs", "tests"})


class Sheet(NamedTuple):
    """A blueprint as it is written, with its inputs; `needed` are those that must be given."""

    tree: Map
    inputs: Mapping[str, Input]
    needed: frozenset[str]


class Use(NamedTuple):
    """What became of a blueprint with its inputs filled in; no tree where there are errors."""

    tree: Map | None
    problems: list[Problem]


def is_blueprint(path: Path, home: Path | None) -> bool:
    """Whether a file is a blueprint: what lies in a folder of that name is."""
    full = path.resolve()
    if home is not None and full.is_relative_to(home):
        return full.relative_to(home).parts[0] == FOLDER
    return FOLDER in full.parts[:-1]


def names_blueprint(document: Any) -> bool:
    """Whether a pipeline's document uses a blueprint."""
    return isinstance(document, Map) and "use_blueprint" in document


class Blueprints:
    """The blueprints of a reader's home, and the shipped ones."""

    def __init__(self, reader: Reader) -> None:
        self.texts = reader.texts
        self._reader = reader
        self._sheets: dict[Path, tuple[Sheet | None, list[Problem]]] = {}

    def pipeline(self, document: Map) -> Use:
        """The pipeline that a document with `use_blueprint` stands for."""
        at = document.values_at["use_blueprint"]
        wanted, problems = decode(document["use_blueprint"], Blueprint, at, "use_blueprint")
        problems += _beside(document)
        if wanted is None:
            return Use(None, problems)
        use: Map = document["use_blueprint"]
        path, wrong = self._find(wanted.path, use.values_at["path"])
        if path is None:
            return Use(None, [*problems, *wrong])
        sheet, wrong = self.sheet(path)
        if sheet is None:
            return Use(None, [*problems, *wrong])
        given = use.get("inputs")
        found = self.filled(sheet, given if isinstance(given, Map) else Map(use.at), use.at)
        if problems or found.tree is None:
            return Use(None, [*problems, *found.problems])
        return Use(_merged(document, found.tree), found.problems)

    def sheet(self, path: Path) -> tuple[Sheet | None, list[Problem]]:
        """A blueprint file, read once; None with the problems it has."""
        if path not in self._sheets:
            self._sheets[path] = self._read(path)
        return self._sheets[path]

    def filled(self, sheet: Sheet, given: Map, at: Position) -> Use:
        """The blueprint with inputs as they are written at a place."""
        values, problems = _values(sheet, given, at)
        if problems:
            return Use(None, problems)
        filling = Filling(values)
        tree = filling.fill(_without(sheet.tree, _OWN))
        tree.put("inputs", _declared(sheet, values), sheet.tree.at, sheet.tree.at)
        return Use(None if filling.problems else tree, filling.problems)

    def _find(self, name: str, at: Position) -> tuple[Path | None, list[Problem]]:
        home = self._reader.home
        folders = [*([home / FOLDER] if home else []), SHIPPED]
        for folder in (folder.resolve() for folder in folders):
            for ending in ("", ".yaml"):
                path = (folder / f"{name}{ending}").resolve()
                if not path.is_relative_to(folder):
                    text = f"`{name}` lies outside of `{FOLDER}/`"
                    return None, [Problem(at, text)]
                if path.is_file():
                    return path, []
        known = [path.name for folder in folders for path in sorted(folder.glob("*.y*ml"))]
        hint = suggest(name, known) or f"known: {', '.join(known)}"
        return None, [Problem(at, f"there is no blueprint `{name}`", hint)]

    def _read(self, path: Path) -> tuple[Sheet | None, list[Problem]]:
        before, start = len(self._reader.problems), Position(self._reader.name(path), 1, 1)
        tree = self._reader.load(path, asks=True)
        problems = self._reader.problems[before:]
        if not isinstance(tree, Map):
            hint = "with the keys description, inputs, triggers, steps, …"
            wrong = [Problem(start, "a blueprint must be a mapping", hint)]
            return None, problems or wrong
        problems += _misplaced(tree)
        inputs, needed = {}, set[str]()
        for name, value, at in _items(tree.get("inputs")):
            spec, wrong = decode(Map(at) if value is None else value, Input, at, name)
            problems += wrong
            if spec is not None:
                inputs[name] = spec
                needed |= {name} if _is_needed(value, spec) else set()
        return (None if problems else Sheet(tree, inputs, frozenset(needed))), problems


def _misplaced(tree: Map) -> Iterator[Problem]:
    """What cannot stand in a blueprint, or not there."""
    if "use_blueprint" in tree:
        yield Problem(tree.keys_at["use_blueprint"], "a blueprint cannot use another one")
    if not isinstance(tree.get("inputs", tree), Map):
        yield Problem(tree.values_at["inputs"], "`inputs` must be a mapping of names")
    for key in ("inputs", "tests"):
        for at in _asked(tree.get(key), tree.values_at.get(key, tree.at)):
            yield Problem(at, f"`!input` has no value under `{key}`")


def _asked(tree: Any, at: Position) -> Iterator[Position]:
    """The places of `!input` in a tree."""
    if isinstance(tree, Asked):
        yield at
    elif isinstance(tree, Map):
        for key, value in tree.items():
            yield from _asked(value, tree.values_at[key])
    elif isinstance(tree, Seq):
        for value, spot in zip(tree, tree.values_at, strict=True):
            yield from _asked(value, spot)


def _is_needed(written: Any, spec: Input) -> bool:
    """An input without a default must be given, unless `required: false` says otherwise."""
    if isinstance(written, Map) and written.keys() & {"default", "required"}:
        return spec.required and spec.default is None
    return True


def _items(tree: Any) -> Iterator[tuple[str, Any, Position]]:
    if isinstance(tree, Map):
        for key, value in tree.items():
            yield key, value, tree.values_at[key]


def _beside(document: Map) -> list[Problem]:
    """What cannot stand beside `use_blueprint`."""
    hint = "the blueprint has them; its inputs go under `use_blueprint: {inputs: …}`"
    return [
        Problem(document.keys_at[key], f"`{key}` beside `use_blueprint`", hint)
        for key in _INSTEAD
        if key in document
    ]


def _values(sheet: Sheet, given: Map, at: Position) -> tuple[dict[str, Given], list[Problem]]:
    """The value of each input; what is wrong points at where it is given."""
    values, problems = {}, []
    for name in given.keys() - sheet.inputs.keys():
        hint = suggest(name, sheet.inputs) or f"it has: {', '.join(sheet.inputs)}"
        problems.append(Problem(given.keys_at[name], f"the blueprint has no input `{name}`", hint))
    for name, spec in sheet.inputs.items():
        if given.get(name) is not None:
            value, spot = given[name], given.values_at[name]
        elif name in sheet.needed:
            problems.append(Problem(at, f"the input `{name}` is needed", spec.description))
            continue
        else:
            value, spot = _default(sheet, name)
        try:
            values[name] = Given(_typed(spec, value, spot), spot)
        except ValueError as error:
            problems.append(Problem(spot, f"`{name}` {error}"))
    return values, problems


def _default(sheet: Sheet, name: str) -> Given:
    """The default as it is written; None where there is none."""
    spec: Map = sheet.tree["inputs"][name]
    return Given(spec.get("default"), spec.values_at.get("default", spec.at))


def _typed(spec: Input, value: Any, at: Position) -> Any:
    """The value as its type says; what is right is left as it was written."""
    made = read(spec, value)
    if value is None or not (spec.type in PARTS or spec.multiple):
        return made if isinstance(value, str) and not isinstance(value, Secret) else value
    if isinstance(value, Seq) or (isinstance(value, Map) and spec.type == "device"):
        return value
    only = Seq(at)
    only.put(value, at)
    return only


def _declared(sheet: Sheet, values: Mapping[str, Given]) -> Map:
    """The inputs that expressions see, with what was given as their defaults."""
    declared = Map(sheet.tree.at)
    for name, spec, spot in _items(sheet.tree.get("inputs")):
        if sheet.inputs[name].type in PARTS:
            continue
        entry = _without(spec or Map(spot), frozenset({"default", "required"}))
        value, at = values[name]
        entry.put("default", value, at, at)
        declared.put(name, entry, sheet.tree["inputs"].keys_at[name], spot)
    return declared


def _merged(document: Map, filled: Map) -> Map:
    """The user's keys over those of the blueprint; labels and variables of both, and all
    conditions."""
    merged = _without(document, frozenset({"use_blueprint"}))
    for key, value in filled.items():
        own = merged.get(key)
        if own is None:
            merged.put(key, value, filled.keys_at[key], filled.values_at[key])
        elif key in ("labels", "variables") and isinstance(own, Map) and isinstance(value, Map):
            both = _without(value, frozenset())
            for name in own:
                both.put(name, own[name], own.keys_at[name], own.values_at[name])
            merged.put(key, both, merged.keys_at[key], merged.values_at[key])
        elif key == "conditions":
            every = Seq(merged.values_at[key])
            for given in (Given(value, filled.values_at[key]), Given(own, merged.values_at[key])):
                _add(every, given)
            merged.put(key, every, merged.keys_at[key], merged.values_at[key])
    return merged


def _add(items: Seq, given: Given) -> None:
    value, at = given
    if isinstance(value, Seq):
        for item, spot in zip(value, value.values_at, strict=True):
            items.put(item, spot)
    else:
        items.put(value, at)


def _without(tree: Map, keys: frozenset[str]) -> Map:
    kept = Map(tree.at)
    for key, value in tree.items():
        if key not in keys:
            kept.put(key, value, tree.keys_at[key], tree.values_at[key])
    return kept
