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
    name = back.now.place[0] or back.row.place[0]
    path = home / name
    text = part_text(back.row, back.texts)
    present = compile_file(path, compiler, Reader(home)) if path.exists() else None
    lines = path.read_text(encoding="utf-8").split("\n") if present else []
    wanted = _wanted(back, home, compiler)
    if present is None or (back.alone and back.row.pipeline not in present.lines):
        after = text + "\n"
    else:
        after = _inserted(lines, text, _span(present, back))
    _check(after, name, present, back, wanted, home, compiler)
    saved = "" if present is None or present.good else _saved(home, path)
    _write(path, after)
    return RolledBack(back.row.number, name, saved)


def part_text(row: VersionRow, texts: Mapping[str, str]) -> str:
    """The lines of a pipeline, out of the list it may stand in."""
    name, first, last = row.place
    lines = texts.get(name, "").split("\n")[max(first - 1, 0) : last]
    if not lines:
        return ""
    width = _width(lines[0])
    return "\n".join([lines[0][width:], *(line[min(width, _blank(line)) :] for line in lines[1:])])


def _wanted(back: Back, home: Path, compiler: Compiler) -> str:
    """The hash of what the version says, with today's secrets."""
    file = compiled_texts(back.texts, back.row.file, home, compiler)
    for part in file.parts:
        if part.plan.id == back.row.pipeline:
            return part.plan.version
    told = [problem for problem in file.problems if problem.severity == "error"]
    raise UserError(*told or [_refusal(back, "its text is no longer kept")])


def _span(present: File, back: Back) -> tuple[int, int]:
    found = present.lines.get(back.row.pipeline)
    if found is not None:
        return found
    if not present.good:
        raise UserError(*present.problems)
    hint = "put it there by hand; `hearth diff` shows it"
    raise UserError(_refusal(back, f"it no longer stands in {present.name}", hint))


def _inserted(lines: list[str], text: str, span: tuple[int, int]) -> str:
    """The file with these lines instead of those, indented as they were."""
    first, last = span
    start = lines[first - 1][: _width(lines[first - 1])]
    inner = " " * len(start)
    new = [inner + line if line.strip() else "" for line in text.split("\n")]
    new[0] = start + new[0][len(inner) :]
    return "\n".join([*lines[: first - 1], *new, *lines[last:]])


def _check(
    after: str,
    name: str,
    present: File | None,
    back: Back,
    wanted: str,
    home: Path,
    compiler: Compiler,
) -> None:
    """Compile the file as it will be: good, this pipeline as wanted, the others as they are."""
    texts = dict(present.texts if present else ())
    texts[name] = after
    root = back.now.file or back.row.file
    file = compiled_texts(texts, root, home, compiler)
    if not file.good:
        raise UserError(*file.problems)
    made = {part.plan.id: part.plan.version for part in file.parts}
    if made.pop(back.row.pipeline, None) != wanted:
        hint = f"go back by hand: `hearth diff {back.row.pipeline} {back.row.number}` shows how"
        raise UserError(_refusal(back, "files that it includes have changed since", hint))
    others = {part.plan.id: part.plan.version for part in present.parts} if present else {}
    others.pop(back.row.pipeline, None)
    if any(made.get(pipeline) != version for pipeline, version in others.items()):
        raise UserError(_refusal(back, f"that would change other pipelines of {name}"))


def _refusal(back: Back, text: str, hint: str = "") -> Problem:
    at = Position(back.now.place[0] or back.row.place[0])
    return Problem(at, f"cannot go back to version {back.row.number}: {text}", hint)


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
