"""The versions of pipelines as the API shows them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from difflib import unified_diff
from typing import Protocol

from edge_agent.gateway.live import moment
from edge_agent.ledger.records import VersionRow
from edge_agent.reloading.rollback import Back, part_text
from schemas.files import VersionText, VersionView


class Kept(Protocol):
    """Where versions are kept: the ledger."""

    async def versions(self, pipeline: str) -> Sequence[VersionRow]:
        """The versions of a pipeline, newest first."""

    async def version_runs(self, pipeline: str) -> Mapping[str, tuple[int, float]]:
        """How many runs each version of a pipeline made, and when the last began."""

    def version_texts(self, row: VersionRow) -> dict[str, str]:
        """The texts of the files a version was made of, by name."""

    def last_versions(self) -> Sequence[VersionRow]:
        """The last version of every pipeline."""


class VersionsView:
    """What the ledger keeps of pipelines' versions."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    async def versions(self, pipeline: str) -> Sequence[VersionView]:
        """The versions of a pipeline, newest first."""
        rows = await self._rows(pipeline)
        runs = await self._kept.version_runs(pipeline)
        texts = await asyncio.to_thread(lambda: [self._text(row) for row in rows])
        changes = [*map(_change, texts, [*texts[1:], None])]
        return [
            _view(row, change, runs.get(row.version), current=row is rows[0])
            for row, change in zip(rows, changes, strict=True)
        ]

    async def version(self, pipeline: str, number: int) -> VersionText:
        """What one of them said."""
        row = _numbered(await self._rows(pipeline), number)
        return await asyncio.to_thread(self._text, row)

    async def way_back(self, pipeline: str, number: int | None) -> Back:
        """What it takes to go back to a version; by default to the one before."""
        rows = await self._rows(pipeline)
        now = rows[0]
        row = _before(rows) if number is None else _numbered(rows, number)
        if not row.version:
            raise LookupError(f"`{pipeline}` was removed in version {row.number}")
        beside = [each for each in self._kept.last_versions() if each.version]
        sharing = {each.pipeline for each in beside if each.file == (now.file or row.file)}
        return Back(row, self._kept.version_texts(row), now, sharing <= {pipeline})

    async def _rows(self, pipeline: str) -> Sequence[VersionRow]:
        rows = await self._kept.versions(pipeline)
        if not rows:
            raise LookupError(f"no agent has had a pipeline `{pipeline}` in service here")
        return rows

    def _text(self, row: VersionRow) -> VersionText:
        texts = self._kept.version_texts(row)
        text = part_text(row, texts) if row.version else ""
        others = {
            name: each for name, each in texts.items() if name not in (row.place[0], row.file)
        }
        return VersionText(row.number, row.version, text, others)


def _numbered(rows: Sequence[VersionRow], number: int) -> VersionRow:
    for row in rows:
        if row.number == number:
            return row
    kept = f"{rows[-1].number} to {rows[0].number}"
    raise LookupError(f"`{rows[0].pipeline}` has no version {number}: kept are {kept}")


def _before(rows: Sequence[VersionRow]) -> VersionRow:
    for row in rows[1:]:
        if row.version and row.version != rows[0].version:
            return row
    raise LookupError(f"`{rows[0].pipeline}` has no version before this one")


def _view(
    row: VersionRow, change: str, runs: tuple[int, float] | None, *, current: bool
) -> VersionView:
    count, last = runs or (0, None)
    return VersionView(
        row.number,
        row.version,
        moment(row.accepted),
        row.note,
        row.file,
        change,
        current and bool(row.version),
        count,
        None if last is None else moment(last),
    )


def _change(now: VersionText, before: VersionText | None) -> str:
    if not now.version:
        return "removed"
    if before is None:
        return ""
    if not before.version:
        return "came back"
    lines = [*unified_diff(before.text.split("\n"), now.text.split("\n"), n=0, lineterm="")][2:]
    added, gone = (sum(line.startswith(mark) for line in lines) for mark in "+-")
    files = [
        name
        for name in {**before.others, **now.others}
        if before.others.get(name) != now.others.get(name)
    ]
    return ", ".join([*([f"+{added} -{gone} lines"] if added or gone else []), *files])
