"""Runs that lead to runs: who started whom, the same ids after a crash, circles that end."""

import asyncio

import pytest

from schemas.run import RunRecord
from tests.flows.rehearsing import Rehearsed

PARENT = """
- id: parent
  mode: parallel
  triggers: [{mqtt: go}]
  steps:
    - {id: first, run: child}
    - {run: {pipeline: child, wait: false}}
- id: child
  mode: parallel
  steps: [{publish: {topic: in}}, {delay: 10s}, {publish: {topic: out}}]
"""
CIRCLE = """
- {id: a, triggers: [{mqtt: go}, {run: b}]}
- {id: b, triggers: [{run: a}]}
"""
CIRCLE_BY_EVENT = """
- {id: a, triggers: [{mqtt: go}, {event: again}]}
- {id: b, triggers: [{run: a}], steps: [{emit: again}]}
"""


GO = {"publish": {"topic": "go"}}


def test_a_sub_run_knows_its_parent_and_the_parents_trace_names_it() -> None:
    stage = asyncio.run(Rehearsed(PARENT).play(GO, {"advance": "10s"}))
    runs = {record.pipeline: record for record in stage.ledger.runs.values()}
    children = [r for r in stage.ledger.runs.values() if r.pipeline == "child"]
    parent = runs["parent"]
    assert parent.state == "completed", parent.error
    assert {child.parent for child in children} == {parent.id}
    assert [effect.target for effect in parent.effects] == ["child", "child"]
    assert {effect.payload["id"].replace("-", "") for effect in parent.effects} == {
        f"{child.id:032x}" for child in children
    }
    assert parent.steps[0].values["id"] == parent.effects[0].payload["id"]


def test_after_a_restart_the_same_runs_go_on() -> None:
    async def ids(*steps: object) -> set[int]:
        stage = Rehearsed(PARENT)
        await stage.play(GO)
        before = set(stage.ledger.runs)
        for step in steps:
            await stage.play(step)
        assert before <= set(stage.ledger.runs)
        assert all(r.state == "completed" for r in stage.ledger.runs.values())
        return set(stage.ledger.runs)

    undisturbed = asyncio.run(ids({"advance": "10s"}, {"advance": "10s"}))
    restarted = asyncio.run(ids("restart", {"restart": "5s"}, {"restart": "1m"}, {"advance": "1m"}))
    assert len(undisturbed) == len(restarted) == 3


def test_no_note_of_a_sub_run_is_left_behind() -> None:
    stage = asyncio.run(Rehearsed(PARENT).play(GO, {"restart": "1m"}, {"advance": "1m"}))
    assert [slot.owner for slot in stage.ledger.slots()] == ["engine"]


def test_a_dry_run_shows_what_the_sub_run_would_do_and_does_nothing() -> None:
    stage = asyncio.run(_rehearsed())
    (record,) = stage.ledger.runs.values()
    assert record.state == "completed", record.error
    assert [(e.step, e.kind, e.target) for e in record.effects] == [
        ("first", "run", "child"), ("first/0", "publish", "in"), ("first/2", "publish", "out"),
        ("1", "run", "child"), ("1/0", "publish", "in"), ("1/2", "publish", "out"),
    ]  # fmt: skip
    assert not any(effect.performed for effect in record.effects)
    assert not stage.scene.broker.sent


async def _rehearsed() -> Rehearsed:
    stage = Rehearsed(PARENT)
    await stage.play()
    lane, scope = stage.engine.manual("parent", {})
    record: RunRecord = await lane.rehearse(scope)
    stage.ledger.run(record)
    return stage


@pytest.mark.parametrize(("text", "runs"), [(CIRCLE, 18), (CIRCLE_BY_EVENT, 34)])
def test_pipelines_that_start_each_other_in_a_circle_are_stopped_and_told(
    text: str, runs: int
) -> None:
    stage = asyncio.run(Rehearsed(text).play(GO))
    *before, last = stage.ledger.runs.values()
    assert len(before) == runs - 1
    assert {record.state for record in before} == {"completed"}
    assert "16 runs have started one another: this is a circle" in last.error
