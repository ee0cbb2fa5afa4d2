"""The engine does what its cases say: modes, failures, gates, blocks, restarts."""

from pathlib import Path

import pytest

from flows.engine import Engine
from flows.rehearsal import BERLIN
from flows.rehearsal_ports import MemoryRecorder
from flows.virtual_clock import VirtualClock
from pipelines import nowhere
from pipelines.plan import Block, Gate, Plan, PlannedStep
from pipelines.rehearsal import Rehearsal
from pipelines.scope import Scope
from pipelines.trigger import Arm, Fire, OnName, OnTopic, Watch
from schemas.event import Event
from schemas.identity import pipeline_mask, run_id, unique_id
from tests.flows.house import House
from tests.flows.rehearsing import compiled, rehearse

CASES = Path(__file__).parents[1] / "cases" / "engine"


def _cases() -> list[tuple[Path, str, Rehearsal]]:
    found = []
    for path in sorted(CASES.glob("*.yaml")):
        plans, problems = compiled(path, nowhere.ports(BERLIN))
        assert not problems, "\n".join(map(str, problems))
        found += [(path, plan.id, test) for plan in plans for test in plan.tests]
    return found


@pytest.mark.parametrize(
    ("path", "pipeline", "script"), _cases(), ids=lambda value: getattr(value, "name", value)
)
def test_the_engine_does_what_its_case_says(path: Path, pipeline: str, script: Rehearsal) -> None:
    rehearse(script, lambda ports: [p for p in compiled(path, ports)[0] if p.id == pipeline])


def _on(topic: str) -> Arm:
    def arm(fire: Fire, slots: object, scope: Scope) -> list[Watch]:
        return [OnTopic(topic, lambda event: fire({"payload": event.payload}, event))]

    return arm


def _plan(name: str, priority: int, done: list[str]) -> Plan:
    def note(scope: Scope) -> None:
        done.append(name)

    step = PlannedStep(path="0", kind="note", run=note, waits=False)
    gate = Gate(id="0", index=0, kind="mqtt", arm=_on("go"))
    return Plan(id=name, version="1", gates=(gate,), steps=Block((step,)), priority=priority)


def _message(topic: str) -> Event:
    return Event(unique_id(), 0.0, 0.0, "mqtt", topic)


def test_of_several_pipelines_the_one_with_the_higher_priority_runs_first() -> None:
    done: list[str] = []
    engine = Engine(VirtualClock(), MemoryRecorder())
    engine.load([_plan("low", -1, done), _plan("high", 1, done), _plan("normal", 0, done)])
    engine.handle(_message("go"))
    assert done == ["high", "normal", "low"]


def test_the_id_of_a_run_follows_from_its_event_and_pipeline() -> None:
    recorder = MemoryRecorder()
    engine = Engine(VirtualClock(), recorder)
    engine.load([_plan("one", 0, [])])
    event = _message("go")
    engine.handle(event)
    assert list(recorder.runs) == [run_id(event.id, pipeline_mask("one"))]


def test_a_pipeline_that_did_not_change_keeps_its_runs_over_a_reload() -> None:
    done: list[str] = []
    engine = Engine(VirtualClock(), MemoryRecorder())
    kept, old = _plan("kept", 0, done), _plan("old", 0, done)
    engine.load([kept, old])
    lane = engine.lanes["kept"]
    engine.load([kept, _plan("new", 0, done)])
    assert engine.lanes["kept"] is lane
    engine.handle(_message("go"))
    assert done == ["kept", "new"]


def test_pipelines_that_call_each_other_in_a_circle_do_not_hold_up_the_rest() -> None:
    clock, recorder = VirtualClock(), MemoryRecorder()
    engine = Engine(clock, recorder)

    def again(scope: Scope) -> None:
        engine.emit("ping", None)

    def arm(fire: Fire, slots: object, scope: Scope) -> list[Watch]:
        return [OnName("emit", "ping", lambda event: fire({}, event))]

    step = PlannedStep(path="0", kind="emit", run=again, waits=False)
    gate = Gate(id="0", index=0, kind="event", arm=arm)
    engine.load([Plan(id="circle", version="1", gates=(gate,), steps=Block((step,)))])
    engine.emit("ping", None)
    assert len(recorder.runs) == 1_000


def test_a_pipeline_that_is_misspelt_is_named() -> None:
    engine = Engine(VirtualClock(), MemoryRecorder())
    engine.load([_plan("kitchen-light", 0, [])])
    with pytest.raises(LookupError, match="no pipeline `kitchen-ligt`: did you mean `kitchen-li"):
        engine.manual("kitchen-ligt", {})


def test_a_call_with_wrong_inputs_answers_with_the_run_that_failed() -> None:
    house = House()
    house.load(
        "id: bell\ntriggers: [{webhook: ring}]\ninputs: {times: {type: number}}\n"
        "steps: [{publish: {topic: bell}}]"
    )
    (run,) = house.engine.internal("webhook", "ring", {"times": "twice"})
    (record,) = house.recorder.runs.values()
    assert (record.id, record.state) == (run, "failed") and "times" in record.error
