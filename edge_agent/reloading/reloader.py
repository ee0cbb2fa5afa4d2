"""Changed files compiled aside and swapped in between two events; bad ones change nothing."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Protocol

from edge_agent.footprint import no_collections
from edge_agent.reloading.versions import Versions
from edge_agent.reloading.watching import Seen, pipeline_names, scan, watch
from edge_agent.views.pipelines import user_problem
from flows.engine import Engine
from pipelines.compiler import Compiler
from pipelines.library import Library
from pipelines.plan import Plan
from pipelines.selection import Selection, select
from schemas.files import ReloadAnswer
from schemas.problem import Problem

log = logging.getLogger(__name__)

AT_START = "the agent was started"
BY_FILE = "the file was changed"


class Beside(Protocol):
    """Something else in a home that files say: devices, profiles, settings."""

    problems: Sequence[Problem]
    restart: Sequence[str]

    def concerns(self, name: str) -> bool:
        """Whether it is made of this file."""

    def read(self) -> None:
        """Read the files anew, off the event loop."""

    def apply(self) -> None:
        """Put what was read in force, on the event loop; what is wrong changes nothing."""


class Reloader:
    """Keeps what runs in step with what the files of a home say.

    `on_swap` is called after pipelines were added, changed or removed.
    """

    def __init__(
        self,
        home: Path,
        *,
        compiler: Compiler,
        engine: Engine,
        versions: Versions,
        beside: Sequence[Beside] = (),
    ) -> None:
        self.home = home.resolve()
        self.versions = versions
        self.on_swap: list[Callable[[], None]] = []
        self._engine = engine
        self.compiler = compiler
        self._beside = beside
        self._library = Library(self.home, compiler, breathe=lambda: time.sleep(0))
        self._selection = Selection()
        self._seen: Seen | None = None
        self._told: set[str] = set()
        self._turn = asyncio.Lock()

    # ------------------------------------------------------------------ life
    def start(self) -> None:
        """Put the pipelines of the home in force; what waited in the ledger is taken up.

        Where a file is bad the last version that was accepted is taken from the ledger.
        """
        self._read()
        self._swap(AT_START)

    def follow(self) -> Callable[[], object]:
        """Reload whenever the files have changed; what is returned ends that."""
        self._watching = asyncio.create_task(watch(self._look, self.reload))
        self._watching.add_done_callback(_told)
        return self._watching.cancel

    async def reload(self, note: str = BY_FILE) -> ReloadAnswer:
        """Bring everything in step with the files now.

        Raises:
            OSError: the files cannot be looked at; everything goes on as it is.
        """
        async with self._turn:
            began = time.perf_counter()
            before = {name: lane.plan.version for name, lane in self._engine.lanes.items()}
            with no_collections():
                for each in await asyncio.to_thread(self._read):
                    each.apply()
                self._swap(note)
            return self._answer(before, time.perf_counter() - began)

    # ------------------------------------------------------------------ what is wrong
    @property
    def problems(self) -> list[Problem]:
        """Everything that is wrong in the files now, by place."""
        found = {problem for each in self._beside for problem in each.problems}
        for file in self._library.files.values():
            found.update(file.problems)
        return sorted(found | self._selection.problems)

    def problems_of(self, plan: Plan) -> Sequence[Problem]:
        """Why the newest text of a pipeline is not in force."""
        file = self._library.files.get(self.versions.file_of(plan.id) or plan.file)
        if file is None:
            return ()
        between = (each for each in self._selection.problems if each.at.file in file.texts)
        return sorted({*file.problems, *between})

    def holds(self, pipeline: str) -> bool:
        """Whether some file says something of a pipeline, be it in force or not."""
        return any(pipeline in file.ids for file in self._library.files.values())

    # ------------------------------------------------------------------ inside
    def _look(self) -> Seen:
        seen = scan(self.home, self._library.sources())
        if pipeline_names(self._seen or {}) and not (self.home / "pipelines").is_dir():
            raise OSError(f"the folder {self.home / 'pipelines'} is gone")  # a disk, maybe
        return seen

    def _read(self) -> list[Beside]:
        """Compile what has changed and choose from it; gives what else has changed.

        Touches nothing that runs; in a thread of its own, while events are served.
        """
        seen, first = self._look(), self._seen is None
        before = self._seen or {}
        names = {name for name in seen.keys() | before if seen.get(name) != before.get(name)}
        changed = [each for each in self._beside if not first and any(map(each.concerns, names))]
        for each in changed:
            each.read()
        self._library.refresh(seen, pipeline_names(seen))
        self._seen = seen
        self._selection = select(self._library.files, self.versions.live(), cache(self._in_force))
        return changed

    def _swap(self, note: str) -> None:
        """The one step in which everything changes; nothing else runs meanwhile."""
        chosen, engine = self._selection, self._engine
        before = {name: lane.plan.version for name, lane in engine.lanes.items()}
        engine.load(chosen.plans, self._former(chosen.plans))
        for name, part in chosen.parts.items():
            self.versions.accept(part, self._library.files[chosen.origins[name]], note)
        for name in self.versions.live().keys() - chosen.parts.keys() - chosen.kept:
            self.versions.remove(name, note)
        self._tell()
        if before != {name: lane.plan.version for name, lane in engine.lanes.items()}:
            for tell in self.on_swap:
                tell()

    def _in_force(self, pipeline: str) -> Plan | None:
        """The version that goes on: it runs, or at the start the ledger has it."""
        lane = self._engine.lanes.get(pipeline)
        if lane is not None:
            return lane.plan
        version = self.versions.row(pipeline).version
        return self.versions.compiled(pipeline, version, self.compiler)

    def _former(self, plans: Sequence[Plan]) -> list[Plan]:
        """At the start: the versions that waiting runs began with, where they are others."""
        if self._engine.lanes:
            return []
        known = {(plan.id, plan.version) for plan in plans}
        wanted = sorted(self._engine.versions_waiting() - known)
        found = (self.versions.compiled(*each, self.compiler) for each in wanted)
        return [plan for plan in found if plan is not None]

    def _tell(self) -> None:
        """Log each problem once, as long as it lasts."""
        now = {str(problem): problem for problem in self.problems}
        for text in now.keys() - self._told:
            problem = now[text]
            level = logging.WARNING if problem.severity == "error" else logging.INFO
            place = {"place": str(problem.at), "problem": problem.text, "hint": problem.hint}
            log.log(level, "a file of the home has a problem", extra=place)
        self._told = set(now)

    def _answer(self, before: Mapping[str, str], seconds: float) -> ReloadAnswer:
        after = {name: lane.plan.version for name, lane in self._engine.lanes.items()}
        both = before.keys() & after.keys()
        answer = ReloadAnswer(
            added=sorted(after.keys() - before.keys()),
            changed=sorted(name for name in both if before[name] != after[name]),
            removed=sorted(before.keys() - after.keys()),
            unchanged=sum(before[name] == after[name] for name in both),
            quarantined=sorted(self._selection.quarantined),
            last_good=sorted(self._selection.kept & after.keys()),
            restart=sorted({name for each in self._beside for name in each.restart}),
            problems=list(map(user_problem, self.problems)),
            seconds=round(seconds, 3),
        )
        if answer.added or answer.changed or answer.removed:
            counts = {name: len(getattr(answer, name)) for name in ("added", "changed", "removed")}
            log.info("pipelines reloaded", extra={**counts, "unchanged": answer.unchanged})
        return answer


def _told(watching: asyncio.Task[None]) -> None:
    if not watching.cancelled() and (error := watching.exception()) is not None:
        log.error("files are no longer watched", exc_info=error)


def error_count(problems: Sequence[Problem]) -> str:
    """What readiness says of problems in the user's files; empty when there are none."""
    errors = [problem for problem in problems if problem.severity == "error"]
    return f"{len(errors)} problems in the home; see `hearth check`" if errors else ""
