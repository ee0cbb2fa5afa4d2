"""Every accepted version of every pipeline, kept in the ledger and compiled again when needed."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from msgspec.structs import replace

from edge_agent.ledger.records import VersionRow
from pipelines.compiler import Compiler
from pipelines.includes import SECRETS
from pipelines.library import File, Part, compile_file
from pipelines.plan import Plan
from pipelines.source import Reader

MOST = 100
"""How many versions of a pipeline are kept."""


class Keeper(Protocol):
    """Where versions are kept: the ledger."""

    def version(self, row: VersionRow) -> None:
        """Keep or replace a version of a pipeline."""

    def forget_version(self, pipeline: str, number: int) -> None:
        """Drop a version of a pipeline."""

    def version_text(self, name: str, text: str) -> None:
        """Keep the text that versions name by this hash."""

    def version_of(self, pipeline: str, version: str) -> VersionRow | None:
        """The newest row of a version, None when it is not kept."""

    def version_texts(self, row: VersionRow) -> dict[str, str]:
        """The texts of the files a version was made of, by name."""


class Versions:
    """The history of pipelines: `last` is the newest row of each, `hashes` the texts kept."""

    def __init__(
        self,
        home: Path,
        keeper: Keeper,
        now: Callable[[], float],
        *,
        last: Sequence[VersionRow] = (),
        hashes: Sequence[str] = (),
    ) -> None:
        self._home = home
        self._keeper = keeper
        self._now = now
        self._last = {row.pipeline: row for row in last}
        self._hashes = set(hashes)
        self._accepted: dict[str, Part] = {}

    def live(self) -> dict[str, str]:
        """The pipelines in force, and the file each came from."""
        return {row.pipeline: row.file for row in self._last.values() if row.version}

    def row(self, pipeline: str) -> VersionRow:
        """The version in force of a pipeline that has one."""
        return self._last[pipeline]

    def file_of(self, pipeline: str) -> str:
        """The file a pipeline in force came from; empty when there is none."""
        row = self._last.get(pipeline)
        return row.file if row is not None and row.version else ""

    def accept(self, part: Part, file: File, note: str) -> None:
        """Keep what has come into force; the same version from another text replaces it."""
        plan, files = part.plan, dict(file.hashes)
        if self._accepted.get(plan.id) is part:
            return
        self._accepted[plan.id] = part
        for name, key in files.items():
            self._keep_text(key, file.texts[name])
        place = (part.at.file, *file.lines[plan.id])
        last = self._last.get(plan.id)
        if last is not None and last.version == plan.version:
            row = replace(last, file=file.name, place=place, files=files)
        else:
            number = 1 if last is None else last.number + 1
            row = VersionRow(
                plan.id, number, plan.version, self._now(), note, file.name, place, files
            )
        if row != last:
            self._keep(row)

    def remove(self, pipeline: str, note: str) -> None:
        """A pipeline has left."""
        last = self._last[pipeline]
        self._accepted.pop(pipeline, None)
        self._keep(VersionRow(pipeline, last.number + 1, "", self._now(), note, last.file))

    def compiled(self, pipeline: str, version: str, compiler: Compiler) -> Plan | None:
        """A version made anew from its kept text; None when it is not kept or no longer compiles.

        Its secrets are those of today.
        """
        row = self._last.get(pipeline)
        if row is None or row.version != version:
            row = self._keeper.version_of(pipeline, version)
        if row is None:
            return None
        file = compiled_texts(self._keeper.version_texts(row), row.file, self._home, compiler)
        plans = (part.plan for part in file.parts if part.plan.id == pipeline)
        plan = next(plans, None)
        return None if plan is None else replace(plan, version=version)

    def _keep(self, row: VersionRow) -> None:
        self._last[row.pipeline] = row
        self._keeper.version(row)
        if row.number > MOST:
            self._keeper.forget_version(row.pipeline, row.number - MOST)

    def _keep_text(self, key: str, text: str) -> None:
        if key not in self._hashes:
            self._hashes.add(key)
            self._keeper.version_text(key, text)


def compiled_texts(texts: Mapping[str, str], name: str, home: Path, compiler: Compiler) -> File:
    """A pipeline file made of these texts and the home's secrets."""
    with _unpacked(texts, home) as folder:
        return compile_file(folder / name, compiler, Reader(folder))


@contextmanager
def _unpacked(texts: Mapping[str, str], home: Path) -> Iterator[Path]:
    """A folder with these files in it and the home's secrets beside them, for a moment."""
    with tempfile.TemporaryDirectory(prefix="hearth-") as made:
        folder = Path(made).resolve()
        for name, text in texts.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        (folder / SECRETS).symlink_to(home / SECRETS)
        yield folder
