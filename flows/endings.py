"""The ends of runs, told to the `run` triggers that wait for them."""

from __future__ import annotations

from collections.abc import Callable

from flows.router import ANY, Router
from pipelines.links import DEEPEST
from pipelines.plan import Plan
from schemas.event import Event
from schemas.identity import stable_id, text_id
from schemas.run import RunRecord

CHANNEL = "run"


class Endings:
    """Makes an event of every end that a trigger wants; `dispatch` shows it to them."""

    def __init__(self, router: Router, dispatch: Callable[[Event], object]) -> None:
        self._listens = router.listens
        self._dispatch = dispatch

    def ended(self, plan: Plan, record: RunRecord, event: Event) -> None:
        """A run has ended or begun to wait; to be told while there are any such triggers."""
        if record.finished is None:
            return
        if event.depth > DEEPEST or plan.shadow:
            return
        if self._listens(CHANNEL, plan.id) or self._listens(CHANNEL, ANY):
            self._dispatch(_event(plan, record, event))


def _event(plan: Plan, record: RunRecord, cause: Event) -> Event:
    """The same end is the same event, also when a run is repeated after a crash."""
    run, ended = text_id(record.id), record.finished or 0.0
    told = {
        "pipeline": plan.id,
        "state": record.state,
        "run": run,
        "error": record.error,
        "started": record.started,
        "finished": ended,
        "duration": round(ended - record.started, 6),
        "inputs": record.inputs,
        "outputs": dict(record.variables),
        "labels": dict(plan.labels),
    }
    return Event(
        stable_id(CHANNEL, run, record.state),
        ended,
        ended,
        CHANNEL,
        plan.id,
        told,
        principal=cause.principal,
        tenant=cause.tenant,
        session=cause.session,
        privacy=cause.privacy,
        depth=cause.depth + 1,
    )
