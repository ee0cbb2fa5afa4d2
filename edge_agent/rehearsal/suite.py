"""The tests of many files played: one file after another, or several at a time."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from edge_agent.loading import load_components
from edge_agent.rehearsal.coverage import coverage_of, gone
from edge_agent.rehearsal.files import files_of, read_file
from edge_agent.rehearsal.play import play
from pipelines.outline import Key
from schemas.outcomes import Coverage, Outcome, SuiteReport
from schemas.problem import Problem

_WORTH_IT = 64
"""So many files are played by several processes: to start them takes a tenth of a second."""


class Wish(Struct, frozen=True):
    """Which tests are to be played: those with `pattern` (small letters) in their name, pipeline
    or file; `on_disk` on real ledgers."""

    env: Mapping[str, str]
    pattern: str = ""
    on_disk: bool = False
    covered: bool = False


class FilePlayed(Struct, frozen=True):
    """What came of one file."""

    outcomes: list[Outcome]
    problems: Sequence[Problem]
    coverage: list[Coverage]


def play_file(path: Path, home: Path | None, wish: Wish) -> FilePlayed:
    """Play the tests of one file."""
    file = read_file(path, home, wish.env)
    outcomes: list[Outcome] = []
    ways: defaultdict[str, set[Key]] = defaultdict(set)
    with asyncio.Runner() as runner:
        for test in file.tests:
            if not any(wish.pattern in it.lower() for it in (test.name, test.pipeline, file.name)):
                continue
            played = runner.run(play(test, file, on_disk=wish.on_disk))
            outcomes.append(played.result)
            for pipeline, keys in gone(played.stage):
                ways[pipeline] |= keys
    coverage = coverage_of(file, ways) if wish.covered and outcomes else []
    return FilePlayed(outcomes, file.problems, coverage)


class Rehearsed:
    """The tests of a home, or of files and folders: played when `outcomes` is asked for."""

    def __init__(self, home: Path | None, paths: Sequence[Path], wish: Wish) -> None:
        self._files = files_of(home, paths)
        self._wish = wish
        self._began = time.perf_counter()
        self._played: list[FilePlayed] = []

    def outcomes(self) -> Iterator[Outcome]:
        """Each test's outcome, file by file, as soon as it is known."""
        load_components()
        with _many(len(self._files)) as each_of:
            for played in each_of(_play, [(*file, self._wish) for file in self._files]):
                self._played.append(played)
                yield from played.outcomes

    def report(self) -> SuiteReport:
        """Everything that was found so far."""
        outcomes = [outcome for played in self._played for outcome in played.outcomes]
        passed = sum(outcome.passed for outcome in outcomes)
        return SuiteReport(
            passed=passed,
            failed=len(outcomes) - passed,
            seconds=time.perf_counter() - self._began,
            tests=outcomes,
            problems=[problem for played in self._played for problem in played.problems],
            coverage=[each for played in self._played for each in played.coverage],
        )


Job = tuple[Path, Path | None, Wish]
Each = Callable[[Callable[[Job], FilePlayed], list[Job]], Iterator[FilePlayed]]


def _play(job: Job) -> FilePlayed:
    return play_file(*job)


@contextmanager
def _many(files: int) -> Iterator[Each]:
    """What plays files, in order: here, or in as many processes as there are processors."""
    workers = len(os.sched_getaffinity(0))
    if files < _WORTH_IT or workers < 2:
        yield lambda work, jobs: map(work, jobs)
        return
    with multiprocessing.get_context("fork").Pool(workers) as pool:
        yield lambda work, jobs: pool.imap(work, jobs, chunksize=4)
