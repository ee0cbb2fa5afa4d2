"""A pipeline's test played on a virtual clock: its script, and what is expected of the runs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from flows.messages import UNDERSTANDING, message_event
from flows.rehearsal_effects import (
    FREE,
    Happened,
    Pair,
    compared,
    effects_of,
    end_of,
    is_met,
    paired,
)
from flows.rehearsal_scene import Life, Scene
from flows.rehearsal_times import moment
from flows.wire import to_wire
from pipelines.plan import Plan
from pipelines.ports import Home
from pipelines.rehearsal import Act, Rehearsal, Wanted
from pipelines.step import StepFailed
from schemas.event import Event
from schemas.problem import Position
from schemas.rehearsal import (
    EmittedEvent,
    HookCall,
    Report,
    RunByHand,
    SentMessage,
)
from schemas.run import RunRecord

BERLIN = Home("home", "Europe/Berlin", 52.52, 13.40)
"""The home of tests that lie in no home."""

_COUNTED = {
    "unmet": "it was triggered, but its `conditions` did not hold",
    "stale": "it was triggered by an event older than its `stale_after`",
    "held_back": "it was triggered, but `throttle`, `limit` or `dedupe_by` held it back",
    "overflowed": "it was triggered while another run was under way",
    "fired": "it was triggered, but the trigger's `if` or `debounce` held it back",
}
_SILENT = "none of its triggers fired"


class Failed(Exception):
    """A test did not come out as it says: `pairs` of expected and happened, or a text alone."""

    def __init__(self, at: Position, text: str, pairs: Sequence[Pair] = ()) -> None:
        super().__init__(text)
        self.at = at
        self.text = text
        self.pairs = pairs


async def rehearse(test: Rehearsal, scene: Scene) -> Stage:
    """Play one test; the stage as it is in the end.

    Raises:
        Failed: an expected effect did not come, or one came that nobody expected.
        Endless: the pipelines go in circles.
    """
    stage = Stage(scene)
    await stage.perform(test)
    return stage


class Stage:
    """One test being played; `runs` are its runs in the order they began."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.clock = scene.clock
        self.runs: dict[int, RunRecord] = {}
        self.plans: dict[str, Plan] = {}
        self.began = scene.clock.now()
        self.counts: dict[str, Counter[str]] = defaultdict(Counter)
        self.excused: set[int] = set()
        self._life: Life | None = None
        self._is_offline = True
        self._left = 0.0
        self._late: list[Report] = []
        self._seen: dict[int, int] = defaultdict(int)
        self._ended: dict[int, Happened] = {}
        self.at = Position()

    async def perform(self, test: Rehearsal) -> None:
        """Play a test from its start to its end."""
        try:
            await self.enter()
            await self.play(test.acts)
            self._expect((), test.at, "at the end of the test")
        finally:
            await self._stop()

    def silences(self) -> Iterator[tuple[str, str]]:
        """The pipelines that did not run at all, and why."""
        ran = {record.pipeline for record in self.runs.values()}
        for pipeline in sorted(self.plans.keys() - ran):
            counts = self.counts[pipeline]
            yield pipeline, next((why for name, why in _COUNTED.items() if counts[name]), _SILENT)

    def failures(self) -> list[RunRecord]:
        """The failed runs that the test does not speak of and no `errors` took care of."""
        return [
            record
            for record in self.runs.values()
            if record.state in ("failed", "crashed")
            and record.id not in self.excused
            and not self._handles_errors(record)
        ]

    def _handles_errors(self, record: RunRecord) -> bool:
        plan = self.plans.get(record.pipeline)
        return plan is not None and bool(plan.errors.steps)

    # ------------------------------------------------------------------ the agent's lives
    async def enter(self) -> None:
        """Start the agent for the first time."""
        self._life = await self.scene.start()
        self._life.engine.on_run.append(self._note)
        self.plans = {lane.plan.id: lane.plan for lane in self._life.engine.lanes.values()}
        self._back()
        await self.clock.advance()

    async def _stop(self) -> None:
        if self._life is None:
            return
        for lane in self._life.engine.lanes.values():
            for name in _COUNTED:
                self.counts[lane.plan.id][name] += getattr(lane.counts, name)
        await self._life.stop()
        self._life = None

    def _agent(self) -> Life:
        if self._life is None:
            raise Failed(self.at, "the agent is away here")
        return self._life

    def _away(self) -> None:
        self._is_offline, self._left = True, self.clock.now()
        self.scene.broker.go_away()

    def _back(self) -> None:
        """The broker and the agent are both there: what waited is delivered in order."""
        self._is_offline = False
        self.scene.broker.come_back()
        late, self._late = self._late, []
        for report in late:
            self._agent().report(report, self.clock.now() - self._left)

    def _note(self, plan: Plan, record: RunRecord, event: Event) -> None:
        self.runs[record.id] = record
        if record.state != "waiting":
            self._ended[record.id] = end_of(record)

    # ------------------------------------------------------------------ the script
    async def play(self, acts: Sequence[Act]) -> None:
        """Play steps of a script.

        Raises:
            Failed: as `perform`.
        """
        for act in acts:
            self.at = act.at
            await self.clock.advance()
            await getattr(self, f"_play_{act.kind}")(act)
            await self.clock.advance()

    async def _play_publish(self, act: Act) -> None:
        message: SentMessage = act.value
        try:
            raw = to_wire(message.payload)
        except StepFailed as error:
            raise Failed(act.at, str(error)) from None
        if message.retain:
            self.scene.broker.bring(message.topic, raw)
        else:
            self.scene.broker.publish(message.topic, raw, qos=message.qos)

    async def _play_report(self, act: Act) -> None:
        if self._is_offline:
            self._late.append(act.value)
        else:
            self._agent().report(act.value, 0.0)

    async def _play_remember(self, act: Act) -> None:
        for key, value in act.value.items():
            self._agent().memory.set(key, value)

    async def _play_emit(self, act: Act) -> None:
        event: EmittedEvent = act.value
        self._agent().engine.emit(event.name, event.payload)

    async def _play_webhook(self, act: Act) -> None:
        call: HookCall = act.value
        name = call.name if call.method == "POST" else f"{call.method} {call.name}"
        self._agent().engine.internal("webhook", name, call.payload)

    async def _play_message(self, act: Act) -> None:
        life, said = self._agent(), act.value
        if life.engine.router.hears(UNDERSTANDING):
            said = await life.understand(said)
        life.engine.dispatch(message_event(said, self.clock.now()))

    async def _play_run(self, act: Act) -> None:
        order: RunByHand = act.value
        engine = self._agent().engine
        try:
            lane, scope = engine.manual(order.pipeline, dict(order.inputs), order.payload)
            ready = lane.ready(scope, force=order.force)
        except (LookupError, ValueError, StepFailed) as error:
            raise Failed(act.at, str(error)) from None
        if ready:
            engine.recorder.event(scope.event)
            lane.begin(scope)

    async def _play_advance(self, act: Act) -> None:
        await self.clock.advance(act.value)

    async def _play_at(self, act: Act) -> None:
        await self._until(moment(act.value, self.clock.now(), self.scene.zone), act)

    async def _play_restart(self, act: Act) -> None:
        self._agent()
        was_offline = self._is_offline
        await self._stop()
        self._away()
        await self._absent(act)
        self._life = await self.scene.start()
        self._life.engine.on_run.append(self._note)
        if not was_offline:
            self._back()

    async def _play_offline(self, act: Act) -> None:
        self._away()
        await self._absent(act)
        self._back()

    async def _absent(self, act: Act) -> None:
        """Play what happens meanwhile, and let the rest of the time pass."""
        until = self.clock.now() + act.value
        await self.play(act.meanwhile)
        await self._until(until, act)

    async def _until(self, when: float, act: Act) -> None:
        left = when - self.clock.now()
        if left < 0:
            raise Failed(act.at, "this time is over already: the script has come further")
        await self.clock.advance(left)

    # ------------------------------------------------------------------ what is expected
    async def _play_expect(self, act: Act) -> None:
        self._expect(act.value, act.at, "here")

    def _expect(self, wanted: Sequence[Wanted], at: Position, where: str) -> None:
        happened = self._happened()
        missing, left = compared(wanted, happened)
        self.excused |= {
            each.run for each in happened if each.kind == "run" and _is_named(each, wanted)
        }
        self._ended = {each.run: each for each in left if each.kind == "run"}
        if missing or any(each.kind not in FREE for each in left):
            raise Failed(at, where, paired(missing, left))

    def _happened(self) -> list[Happened]:
        found = list(self._ended.values())
        for record in self.runs.values():
            sent = self.scene.sent.get(record.id, ())
            found += effects_of(record, self._seen[record.id], sent)
            self._seen[record.id] = len(record.effects)
        return sorted(found, key=lambda each: each.ts)


def _is_named(happened: Happened, wanted: Sequence[Wanted]) -> bool:
    return any(is_met(each, happened) for each in wanted)
