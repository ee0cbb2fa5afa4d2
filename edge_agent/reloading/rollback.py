"""An earlier version of a pipeline written back into its file."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from edge_agent.ledger.records import VersionRow
from edge_agent.reloading.versions import compiled_texts
from pipelines.compiler import Compiler
from pipelines.library import File, compile_file
from pipelines.source import Reader
from schemas.files import RolledBack
from schemas.problem import Position, Problem, UserError

_START = re.compile(r"(\s*)(-\s+)?")


class Back(Struct, frozen=True):
    """What to go back to: `row` with its `texts`, from `now`; `alone` tells that the pipeline has
    its file for itself."""

    row: VersionRow
    texts: Mapping[str, str]
    now: VersionRow
    alone: bool


def roll_back(home: Path, back: Back, compiler: Compiler) -> RolledBack:
    """Write a version into the file; only the lines of this pipeline, where it holds others.

    What it says is compiled before, together with the rest of the file as it is now.

    Raises:
        UserError: that cannot be done; nothing was written.
    """
    return _Rollback(home, back, compiler).write()


class _Rollback:
    """One way back: `root` is the pipeline file, `name` where the pipeline stands (it or one it
    includes), `present` what the file says now."""

    def __init__(self, home: Path, back: Back, compiler: Compiler) -> None:
        self.home = home
        self.back = back
        self.compiler = compiler
        self.root = back.now.file or back.row.file
        self.name = back.now.place[0] or back.row.place[0]
        path = home / self.root
        self.present = compile_file(path, compiler, Reader(home)) if path.exists() else None

    def write(self) -> RolledBack:
        after = self._after()
        self._check(after)
        bad = self.present is not None and not self.present.good
        saved = _saved(self.home, self.home / self.name) if bad else ""
        _write(self.home / self.name, after)
        return RolledBack(self.back.row.number, self.name, saved)

    def _after(self) -> str:
        """The file as it will be."""
        text = part_text(self.back.row, self.back.texts)
        present, pipeline = self.present, self.back.row.pipeline
        if present is None or (self.back.alone and pipeline not in present.lines):
            return text + "\n"
        if pipeline in present.lines:
            lines = present.texts.get(self.name, "").split("\n")
            return _inserted(lines, text, present.lines[pipeline])
        if not present.good:
            raise UserError(*present.problems)
        raise self._refusal(
            f"it no longer stands in {self.root}", "put it there by hand; `hearth diff` shows it"
        )

    def _check(self, after: str) -> None:
        """Compile it as it will be: good, this pipeline as wanted, the others as they are."""
        texts = {**(self.present.texts if self.present else {}), self.name: after}
        file = compiled_texts(_own(texts), self.root, self.home, self.compiler)
        if not file.good:
            raise UserError(*file.problems)
        made, before = _made(file), _made(self.present) if self.present else {}
        pipeline = self.back.row.pipeline
        if made.pop(pipeline, None) != self._wanted():
            hint = f"go back by hand: `hearth diff {pipeline} {self.back.row.number}` shows how"
            raise self._refusal("files that it includes have changed since", hint)
        before.pop(pipeline, None)
        if before.items() - made.items():
            raise self._refusal(f"that would change other pipelines of {self.name}")

    def _wanted(self) -> str:
        """The hash of what the version says, with today's secrets."""
        file = compiled_texts(self.back.texts, self.back.row.file, self.home, self.compiler)
        made = _made(file)
        if self.back.row.pipeline in made:
            return made[self.back.row.pipeline]
        told = [problem for problem in file.problems if problem.severity == "error"]
        raise UserError(*told) if told else self._refusal("its text is no longer kept")

    def _refusal(self, text: str, hint: str = "") -> UserError:
        text = f"cannot go back to version {self.back.row.number}: {text}"
        return UserError(Problem(Position(self.name), text, hint))


def _made(file: File) -> dict[str, str]:
    return {part.plan.id: part.plan.version for part in file.parts}


def _own(texts: Mapping[str, str]) -> dict[str, str]:
    """The texts that lie in the home; what comes with the software stays there."""
    return {name: text for name, text in texts.items() if not Path(name).is_absolute()}


def part_text(row: VersionRow, texts: Mapping[str, str]) -> str:
    """The lines of a pipeline, out of the list it may stand in."""
    name, first, last = row.place
    lines = texts.get(name, "").split("\n")[max(first - 1, 0) : last]
    if not lines:
        return ""
    width = _width(lines[0])
    return "\n".join([lines[0][width:], *(line[min(width, _blank(line)) :] for line in lines[1:])])


def _inserted(lines: list[str], text: str, span: tuple[int, int]) -> str:
    """The file with these lines instead of those, indented as they were."""
    first, last = span
    start = lines[first - 1][: _width(lines[first - 1])]
    inner = " " * len(start)
    new = [inner + line if line.strip() else "" for line in text.split("\n")]
    new[0] = start + new[0][len(inner) :]
    return "\n".join([*lines[: first - 1], *new, *lines[last:]])


def _saved(home: Path, path: Path) -> str:
    """Put aside a text that is no version, since it has errors."""
    folder = home / "data" / "set-aside"
    folder.mkdir(parents=True, exist_ok=True)
    copy = folder / f"{path.stem}-{time.strftime('%Y%m%d-%H%M%S')}{path.suffix}"
    copy.write_bytes(path.read_bytes())
    return copy.relative_to(home).as_posix()


def _write(path: Path, text: str) -> None:
    """Write beside and rename: whoever watches sees the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path = path.resolve()
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text(text, encoding="utf-8")
    if path.exists():
        draft.chmod(path.stat().st_mode)
    draft.replace(path)


def _width(line: str) -> int:
    found = _START.match(line)
    return found.end() if found else 0


def _blank(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
