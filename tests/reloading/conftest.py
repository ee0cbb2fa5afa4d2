"""Coroutine tests, and a home on disk whose files are reloaded into an engine in memory."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from edge_agent.ledger.records import VersionRow
from edge_agent.loading import compiler_of
from edge_agent.reloading.reloader import Beside, Reloader
from edge_agent.reloading.versions import Versions
from schemas.files import ReloadAnswer
from tests.coroutines import coroutine_tests
from tests.flows.house import House

pytest_pyfunc_call = coroutine_tests(asyncio.run, seconds=60)


class MemoryVersions:
    """Versions in memory (`edge_agent.reloading.versions.Keeper`)."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, int], VersionRow] = {}
        self.texts: dict[str, str] = {}

    def version(self, row: VersionRow) -> None:
        self.rows[row.pipeline, row.number] = row

    def forget_version(self, pipeline: str, number: int) -> None:
        self.rows.pop((pipeline, number), None)

    def version_text(self, name: str, text: str) -> None:
        self.texts[name] = text

    def version_of(self, pipeline: str, version: str) -> VersionRow | None:
        found = [r for r in self.rows.values() if (r.pipeline, r.version) == (pipeline, version)]
        return max(found, key=lambda row: row.number, default=None)

    def version_texts(self, row: VersionRow) -> dict[str, str]:
        return {name: self.texts[each] for name, each in row.files.items()}

    async def versions(self, pipeline: str) -> Sequence[VersionRow]:
        return self.of(pipeline)[::-1]

    async def version_runs(self, pipeline: str) -> Mapping[str, tuple[int, float]]:
        return {}

    def last_versions(self) -> Sequence[VersionRow]:
        return [self.of(pipeline)[-1] for pipeline in {row.pipeline for row in self.rows.values()}]

    def of(self, pipeline: str) -> list[VersionRow]:
        """The versions of a pipeline, oldest first."""
        found = [row for row in self.rows.values() if row.pipeline == pipeline]
        return sorted(found, key=lambda row: row.number)


class Site(House):
    """A house with files."""

    def __init__(self, home: Path) -> None:
        super().__init__()
        self.home = home
        self.beside: Sequence[Beside] = ()
        self.kept = MemoryVersions()
        self.files = self._files()

    def write(self, name: str, text: str) -> None:
        """Write a file of the home as editors do: beside it, then renamed."""
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(".draft")
        draft.write_text(text, encoding="utf-8")
        draft.rename(path)

    def start(self) -> None:
        """Put the files in force for the first time, or again after the process was killed."""
        self.engine.stop()
        self.engine = self._engine()
        self.files = self._files()
        self.files.start()

    async def reload(self) -> ReloadAnswer:
        return await self.files.reload()

    def running(self) -> dict[str, str]:
        """The description of every pipeline in force."""
        return {name: lane.plan.description for name, lane in self.engine.lanes.items()}

    def _files(self) -> Reloader:
        last, hashes = self.kept.last_versions(), list(self.kept.texts)
        versions = Versions(self.home, self.kept, self.clock.now, last=last, hashes=hashes)
        compiler = compiler_of(self.ports)
        return Reloader(
            self.home, compiler=compiler, engine=self.engine, versions=versions, beside=self.beside
        )


@pytest.fixture
def site(tmp_path: Path) -> Site:
    (tmp_path / "pipelines").mkdir()
    return Site(tmp_path)


def pipeline(name: str, description: str = "one", topic: str = "go") -> str:
    """A pipeline that publishes its description."""
    return (
        f"id: {name}\ndescription: {description}\ntriggers:\n  - mqtt: {{topic: {topic}}}\n"
        f"steps:\n  - publish: {{topic: out, payload: {description}}}\n"
    )


def listed(*texts: str) -> str:
    """Several pipelines as a list."""
    return "".join(
        "".join(("- " if i == 0 else "  ") + line + "\n" for i, line in enumerate(t.splitlines()))
        for t in texts
    )
