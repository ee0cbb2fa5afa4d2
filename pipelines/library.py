"""The pipeline files of a home, compiled one by one and remembered by what they say."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from msgspec import Struct

from pipelines.blueprint import FOLDER, Blueprints, is_blueprint, names_blueprint
from pipelines.blueprint_check import BlueprintFile
from pipelines.compiler import Compiler, documents
from pipelines.includes import SECRETS
from pipelines.plan import Plan
from pipelines.secrecy import masked
from pipelines.source import Reader
from pipelines.tree import Map
from schemas.problem import Position, Problem

Signature = tuple[int, int, int]
"""What changes with a file's content: modified (ns), size, inode."""


class Part(Struct, frozen=True):
    """One pipeline of a file; `at` is the place of its id."""

    plan: Plan
    at: Position


class File(Struct, frozen=True):
    """A pipeline file as compiled.

    `ids` and `lines` are those of all its pipelines, also of those with errors. `texts` are all
    files it was made of by name (includes, blueprints, not the secrets), `folders` those it
    includes as a whole, `secret` tells that it uses secrets. `hashes` name the texts of those that
    lie in the home.
    """

    name: str
    parts: tuple[Part, ...]
    ids: Mapping[str, Position]
    lines: Mapping[str, tuple[int, int]]
    problems: tuple[Problem, ...]
    texts: Mapping[str, str]
    hashes: Mapping[str, str]
    folders: frozenset[str]
    secret: bool

    @property
    def good(self) -> bool:
        """Whether it has no errors."""
        return all(problem.severity != "error" for problem in self.problems)


class Made(NamedTuple):
    """The plan of a document, None with its problems where it has errors; `aside` makes it anew as
    a shadow, under the id of the plan it is given."""

    plan: Plan | None
    problems: Sequence[Problem]
    aside: Callable[[Plan], Plan]


def compile_file(path: Path, compiler: Compiler, reader: Reader) -> File:
    """One file with all its pipelines; those with errors are left out and told.

    The reader should be a fresh one: what it has read is what the file is made of.
    """
    blueprints = Blueprints(reader)
    if is_blueprint(path, reader.home):
        return _file(path, [], {}, BlueprintFile(path, blueprints, compiler).problems(), reader)
    before, name = len(reader.problems), reader.name(path)
    tree = reader.load(path)
    problems = list(reader.problems[before:])
    found = list(documents(tree, Position(name, 1, 1)))
    parts: dict[str, Part] = {}
    for document, at in found:
        made = compile_document(document, at, compiler, blueprints)
        problems += made.problems
        if made.plan is None:
            continue
        plan = made.aside(made.plan) if made.plan.shadow else made.plan
        spot = document.values_at["id"]
        if plan.id in parts:
            hint = f"the first is at {parts[plan.id].at}"
            problems.append(Problem(spot, f"a second pipeline `{plan.id}`", hint))
        else:
            parts[plan.id] = Part(plan, spot)
    return _file(path, found, parts, problems, reader)


def _file(
    path: Path,
    found: Sequence[tuple[Any, Position]],
    parts: Mapping[str, Part],
    problems: Sequence[Problem],
    reader: Reader,
) -> File:
    texts = {name: text for name, text in reader.texts.items() if name != SECRETS}
    return File(
        reader.name(path),
        tuple(parts.values()),
        ids_of(found),
        _lines_of(found, reader.texts),
        tuple(masked(problem, reader.secrets) for problem in problems),
        texts,
        {name: _hash(text) for name, text in texts.items() if not Path(name).is_absolute()},
        frozenset(map(reader.name, reader.folders)) | ({FOLDER} if _is_shipped(texts) else set()),
        SECRETS in reader.texts,
    )


def compile_document(
    document: Any, at: Position, compiler: Compiler, blueprints: Blueprints
) -> Made:
    """A pipeline, or what the blueprint it uses makes of its inputs."""
    tree, problems = document, list[Problem]()
    if names_blueprint(document):
        tree, problems = blueprints.pipeline(document)
        if tree is None:
            return Made(None, problems, lambda plan: plan)
    plan, wrong = compiler.compile(tree, at, blueprints.texts)
    aside = partial(compiler.aside, tree=tree, at=at, texts=blueprints.texts)
    return Made(plan, [*problems, *wrong], aside)


def _is_shipped(texts: Mapping[str, str]) -> bool:
    """Whether a shipped blueprint is used, which one of the home's would take the place of."""
    return any(Path(name).is_absolute() for name in texts)


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).hexdigest()


def ids_of(found: Iterable[tuple[Any, Position]]) -> dict[str, Position]:
    """The ids that stand in documents, and where each stands first."""
    ids: dict[str, Position] = {}
    for tree, _ in found:
        if isinstance(tree, Map) and isinstance(tree.get("id"), str):
            ids.setdefault(tree["id"], tree.values_at["id"])
    return ids


def _lines_of(
    found: Sequence[tuple[Any, Position]], texts: Mapping[str, str]
) -> dict[str, tuple[int, int]]:
    """The first and last line of each pipeline, in the file its id stands in."""
    trees = [tree for tree, _ in found if isinstance(tree, Map) and isinstance(tree.get("id"), str)]
    starts: dict[str, list[int]] = {}
    for at in sorted(getattr(tree, "at", at) for tree, at in found):
        starts.setdefault(at.file, []).append(at.line)
    split = {name: texts.get(name, "").split("\n") for name in starts}
    lines: dict[str, tuple[int, int]] = {}
    for tree in trees:
        file, first = tree.at.file, tree.at.line
        after = starts.get(file, [])
        place = bisect_right(after, first)
        following = after[place] if place < len(after) else 0
        lines.setdefault(tree["id"], (first, _end(split.get(file, []), first, following)))
    return lines


def _end(lines: Sequence[str], first: int, following: int) -> int:
    """The last line before the following pipeline, without the remarks that belong to that."""
    last = following - 1 if following else len(lines)
    while last > first and lines[last - 1].lstrip()[:1] in ("", "#"):
        last -= 1
    return last


class Library:
    """Compiles files that changed; `breathe` is called between files, to let others have a turn."""

    def __init__(
        self, home: Path, compiler: Compiler, breathe: Callable[[], None] = lambda: None
    ) -> None:
        self.home = home
        self.compiler = compiler
        self.files: dict[str, File] = {}
        self._breathe = breathe
        self._seen: Mapping[str, Signature] = {}

    def refresh(self, seen: Mapping[str, Signature], names: Sequence[str]) -> int:
        """Bring `files` up to date; `names` are the pipeline files, in order.

        `seen` are the signatures of all files of the home. Returns how many were compiled.
        """
        changed = {
            name
            for name in seen.keys() | self._seen.keys()
            if seen.get(name) != self._seen.get(name)
        }
        files, compiled = {}, 0
        for name in names:
            file = self.files.get(name)
            if file is None or not self._holds(file, changed):
                file = compile_file(self.home / name, self.compiler, Reader(self.home))
                compiled += 1
                self._breathe()
            files[name] = file
        self.files, self._seen = files, dict(seen)
        return compiled

    def sources(self) -> set[str]:
        """The names of all files and folders that pipelines are made of."""
        return {name for file in self.files.values() for name in (*file.texts, *file.folders)}

    def _holds(self, file: File, changed: set[str]) -> bool:
        """Whether what was compiled is still what the files say."""
        if not changed:
            return True
        if not file.good or (file.secret and SECRETS in changed):
            return False  # what it lacked may be there now
        if any(name.startswith(f"{folder}/") for folder in file.folders for name in changed):
            return False
        touched = changed & file.texts.keys()
        return all(_text(self.home / name) == file.texts[name] for name in touched)


def _text(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None
