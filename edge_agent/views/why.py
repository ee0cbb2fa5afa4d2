"""Answers to "why did it not run", from the ledger and from what the running agent noted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

from edge_agent.gateway.live import moment
from edge_agent.ledger.ledger import Ledger
from edge_agent.reloading.reloader import Reloader
from edge_agent.replaying.verdict import Present, Verdict
from edge_agent.replaying.why import Asking
from flows.engine import Engine
from pipelines.ports import Home
from pipelines.secrecy import hidden
from pipelines.settings import load_secrets
from schemas.why import WhyNot


class ReasonsView:
    """Implements `edge_agent.gateway.ports.Reasons`; `present` tells what is so now."""

    def __init__(
        self,
        folder: Path,
        home: Home,
        ledger: Ledger,
        *,
        now: Callable[[], float],
        present: Callable[[str], Present],
    ) -> None:
        self._folder = folder
        self._zone = ZoneInfo(home.time_zone)
        self._asking = Asking(folder, home, ledger)
        self._now = now
        self._present = present

    async def why_not(self, pipeline: str, at: float | None) -> WhyNot:
        """Why a pipeline did not run at a time, by default now."""
        present, when = self._present(pipeline), self._now() if at is None else at
        if present.quarantined:
            return _quarantined(pipeline, when, present)
        past = await self._asking.past(pipeline, when)
        if past is None:
            text = f"{pipeline} did not run: it had been taken out of its file."
            return WhyNot(pipeline, moment(when), "removed", text)
        answer = Verdict(past, present, self._zone, asked=at is not None).answer()
        secrets = past.plan.secrets | load_secrets(self._folder)
        shown: WhyNot = hidden(answer, secrets)
        return shown


def reasons_of(files: Reloader, home: Home, ledger: Ledger, engine: Engine) -> ReasonsView:
    """What a running agent answers."""

    def present(pipeline: str) -> Present:
        return _present(pipeline, engine, files)

    return ReasonsView(files.home, home, ledger, now=engine.clock.now, present=present)


def _present(pipeline: str, engine: Engine, files: Reloader) -> Present:
    lane = engine.lanes.get(pipeline)
    if lane is None:
        wrong = list(map(str, files.problems)) if files.holds(pipeline) else []
        return Present(problems=wrong, quarantined=bool(wrong))
    told = list(map(str, files.problems_of(lane.plan)))
    return Present(lane.enabled, list(lane.refusals.last), told)


def _quarantined(pipeline: str, at: float, present: Present) -> WhyNot:
    text = f"{pipeline} did not run: its file has problems and no earlier version is in force."
    return WhyNot(pipeline, moment(at), "quarantined", text, notes=list(present.problems))
