"""Runs that runs start: begun, waited for over restarts, cancelled with the step that asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from flows.dry_run import dry_run
from flows.executor import execute
from flows.ports import Recorder
from flows.router import Router
from flows.slots import SlotStore
from pipelines.links import DEEPEST
from pipelines.plan import Plan
from pipelines.ports import Clock, SubRun
from pipelines.scope import Scope
from pipelines.step import StepFailed
from pipelines.tree import suggest
from pipelines.trigger import OnName
from schemas.event import Event
from schemas.identity import stable_id, text_id
from schemas.problem import UserError
from schemas.run import Effect, RunRecord

if TYPE_CHECKING:
    from flows.lane import Lane

CHANNEL, _CHILD, _RESULT = "call", "child", "result"
_COUNT = "#"  # beside a step's path in `loops`: how many runs it has started


def parent_of(event: Event) -> int:
    """The id of the run that asked for the run of this event; 0 where none did."""
    return _number(event.payload["parent"]) if event.channel == CHANNEL else 0


def no_such(pipeline: str, known: Iterable[str]) -> str:
    """That there is no such pipeline, and which one may be meant."""
    hint = suggest(pipeline, known)
    return f"there is no pipeline `{pipeline}`" + (f": {hint}" if hint else "")


class Calls:
    """Implements `pipelines.ports.Runs`.

    A sub-run's event names its parent and the step. While the step waits, a slot under it holds
    the sub-run's id; at the sub-run's end another holds the result, in the same commit.
    """

    def __init__(
        self,
        lanes: Mapping[str, Lane],
        retired: Callable[[], Mapping[str, Lane]],
        store: SlotStore,
        router: Router,
        recorder: Recorder,
        clock: Clock,
    ) -> None:
        self._lanes = lanes
        self._retired = retired
        self._store = store
        self._router = router
        self._recorder = recorder
        self._now = clock.now

    def start(
        self, pipeline: str, inputs: Mapping[str, Any], scope: Scope, step: str, *, wait: bool
    ) -> SubRun:
        """Start a run; how it is by now."""
        lane = self._lane(pipeline)
        _refuse_circles(lane.plan, scope, wait)
        child = self._scope(lane, inputs, scope, step, wait=wait)
        if not _ready(lane, child):
            return SubRun("", "skipped")
        self._recorder.event(child.event)
        ended: list[RunRecord] = []
        if not lane.begin(child, ended.append):
            raise StepFailed(
                f"`{pipeline}` was not started: other runs are under way (mode {lane.plan.mode})"
            )
        if ended:
            return _result(ended[0])
        if wait:
            self._store.view(_owner(scope.run_id, step)).put(
                _CHILD, {"pipeline": pipeline, "run": text_id(child.run_id)}
            )
        return SubRun(text_id(child.run_id), "running" if child.run_id in lane.active else "queued")

    def kept(self, scope: Scope, step: str) -> SubRun | None:
        """The run this step was waiting for when the agent was stopped, as it is now."""
        owner = _owner(scope.run_id, step)
        kept = self._store.view(owner)
        child, result = kept.get(_CHILD), kept.get(_RESULT)
        if child is None:
            return None
        if result is None and self._is_alive(child["pipeline"], child["run"]):
            return SubRun(child["run"], "running")
        self._store.release(owner)
        if result is None:
            raise StepFailed(f"the run of `{child['pipeline']}` is gone")
        return msgspec.convert(result, SubRun)

    def on_end(self, run: str, tell: Callable[[SubRun, Event], None]) -> OnName:
        """A watch that tells the end of a run that goes on."""
        return OnName(
            "ended", run, lambda event: tell(msgspec.convert(event.payload, SubRun), event)
        )

    def cancel(self, scope: Scope, step: str) -> None:
        """End the run this step waits for."""
        owner = _owner(scope.run_id, step)
        child = self._store.view(owner).get(_CHILD)
        self._store.release(owner)
        if child is not None and (lane := self._known(child["pipeline"])):
            lane.cancel(_number(child["run"]))

    async def rehearse(
        self, pipeline: str, inputs: Mapping[str, Any], scope: Scope, step: str
    ) -> SubRun:
        """Run without acting on the world; its effects are added to those of `scope`."""
        lane = self._lane(pipeline)
        _refuse_circles(lane.plan, scope, True)
        child = self._scope(lane, inputs, scope, step, wait=True)
        child.live = child.own_memory = False
        if not _ready(lane, child):
            return SubRun("", "skipped")
        state = await dry_run(execute(lane.plan, child))
        scope.effects.extend(_moved(child.effects, step))
        error = "" if child.error is None else child.error["message"]
        return SubRun("", state, child.variables, error)

    def ended(self, plan: Plan, record: RunRecord, event: Event) -> None:
        """A run that a run asked for has ended or begun to wait: the step that waits for its end
        goes on, now or after a restart."""
        if record.finished is None or not event.payload["wait"]:
            return
        kept = self._store.view(_owner(record.parent, event.payload["step"]))
        if kept.get(_CHILD) is None:
            return
        result = msgspec.structs.asdict(_result(record))
        kept.put(_RESULT, result)
        run = text_id(record.id)
        told = Event(
            stable_id("ended", run), record.finished, record.finished, "ended", run, result
        )
        self._router.name("ended", run, told)

    def _lane(self, pipeline: str) -> Lane:
        if (lane := self._lanes.get(pipeline)) is None:
            raise StepFailed(no_such(pipeline, self._lanes))
        return lane

    def _scope(
        self, lane: Lane, inputs: Mapping[str, Any], scope: Scope, step: str, *, wait: bool
    ) -> Scope:
        """The scope of a sub-run; the same step of the same run gives the same ids again."""
        try:
            values = lane.plan.inputs(dict(inputs))
        except UserError as error:
            raise StepFailed(f"`{lane.plan.id}`: {error}") from None
        count = scope.loops[step + _COUNT] = scope.loops.get(step + _COUNT, 0) + 1
        now, asked, parent = self._now(), scope.event, scope.run.id
        event = Event(
            stable_id(CHANNEL, parent, step, str(count)),
            now,
            now,
            CHANNEL,
            lane.plan.id,
            {"parent": parent, "step": step, "wait": wait, "through": _through(scope, wait)},
            principal=asked.principal,
            tenant=asked.tenant,
            session=asked.session,
            trace_id=asked.trace_id,
            privacy=asked.privacy,
            depth=asked.depth + 1,
        )
        trigger = {"id": "run", "pipeline": scope.run.pipeline, "run": parent, "ts": now}
        child = lane.scope(trigger, event)
        child.inputs = values
        return child

    def _is_alive(self, pipeline: str, run: str) -> bool:
        """Whether a run is under way, or kept and about to be taken up."""
        number, lane = _number(run), self._known(pipeline)
        if lane is None:
            return False
        waits = self._store.view(f"run/{number:x}").get("state") is not None
        return waits or lane.is_under_way(number) or self._is_queued(pipeline, run)

    def _known(self, pipeline: str) -> Lane | None:
        """The lane of a pipeline in service, or of one that is gone and whose runs still end."""
        return self._lanes.get(pipeline) or self._retired().get(pipeline)

    def _is_queued(self, pipeline: str, run: str) -> bool:
        queue = self._store.view(f"queue/{pipeline}")
        return any(queue.get(key)["run"] == f"{_number(run):x}" for key in queue.keys())  # noqa: SIM118


def _refuse_circles(plan: Plan, scope: Scope, wait: bool) -> None:
    """Refuse to start what could never end.

    Raises:
        StepFailed: too many runs inside one another, or this one would wait for itself.
    """
    if scope.event.depth >= DEEPEST:
        raise StepFailed(f"{DEEPEST} runs have started one another: this is a circle")
    if wait and plan.mode != "parallel" and plan.id in _through(scope, wait):
        raise StepFailed(
            f"`{plan.id}` waits for this run to end: it cannot run beside it (mode {plan.mode})"
        )


def _through(scope: Scope, wait: bool) -> Sequence[str]:
    """The pipelines that wait for what this run starts."""
    if not wait:
        return []
    above = scope.event.payload["through"] if scope.event.channel == CHANNEL else []
    return [*above, scope.run.pipeline]


def _ready(lane: Lane, child: Scope) -> bool:
    try:
        return lane.ready(child)
    except StepFailed as error:
        raise StepFailed(f"`{lane.plan.id}`: before the first step: {error}") from None


def _result(record: RunRecord) -> SubRun:
    return SubRun(text_id(record.id), record.state, dict(record.variables), record.error)


def _moved(effects: Sequence[Effect], step: str) -> list[Effect]:
    """The effects of a sub-run as those of the step that asked for it."""
    return [
        Effect(f"{step}/{e.step}", e.kind, e.target, e.payload, e.ts, e.performed) for e in effects
    ]


def _owner(run: int, step: str) -> str:
    return f"run/{run:x}/{step}"


def _number(run: str) -> int:
    return UUID(run).int
