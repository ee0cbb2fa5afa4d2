"""Runs that are over at once leave what the executor would have left."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from flows.at_once import is_at_once, run_at_once
from flows.executor import execute
from flows.rehearsal import BERLIN
from flows.rehearsal_ports import MemoryMessages
from flows.virtual_clock import VirtualClock
from pipelines import nowhere
from pipelines.plan import Plan
from pipelines.scope import RunView, Scope
from schemas.event import Event
from tests.flows.rehearsing import compiled_text

STEPS = {
    "effects and variables": """
      - set: {warm: "{{ trigger.payload.t > 20 }}"}
      - publish: {topic: "fan/{{ trigger.id }}", payload: {warm: "{{ warm }}"}}
    """,
    "steps with ids": """
      - {id: first, publish: {topic: a, payload: "1"}}
      - publish: {topic: b, payload: "{{ steps.first.state }}"}
    """,
    "a condition that does not hold": """
      - {id: cold, publish: {topic: a}, if: "{{ trigger.payload.t < 20 }}"}
      - publish: {topic: b, payload: "{{ steps.cold.state }}"}
    """,
    "a condition that cannot be asked": """
      - {publish: {topic: a}, if: "{{ trigger.payload.gone > 3 }}"}
      - publish: {topic: b}
    """,
    "a failure that ends the run": """
      - publish: {topic: "a/{{ trigger.payload.gone }}"}
      - publish: {topic: b}
    """,
    "a failure that is passed over": """
      - {id: bad, publish: {topic: "a/#{{ trigger.id }}"}, on_error: continue}
      - publish: {topic: b, payload: "{{ steps.bad.error }}"}
    """,
    "an end that is wished": """
      - {stop: {reason: enough}, if: "{{ trigger.payload.t > 20 }}"}
      - publish: {topic: b}
    """,
    "an end in failure": """
      - stop: {reason: broken, state: failed}
    """,
}
NOT_AT_ONCE = {
    "a step that waits": "steps: [{delay: 1s}]",
    "retries": "steps: [{publish: {topic: a}, retry: {attempts: 2, delay: 1s}}]",
    "steps in its stead": "steps: [{publish: {topic: a}, on_error: [{publish: {topic: b}}]}]",
    "errors": "steps: [{publish: {topic: a}}]\nerrors: [{publish: {topic: b}}]",
    "finally": "steps: [{publish: {topic: a}}]\nfinally: [{publish: {topic: b}}]",
    "Prefect's engine": "path: flow\nsteps: [{publish: {topic: a}}]",
}


def plan_of(text: str) -> Plan:
    ports = replace(nowhere.ports(BERLIN), clock=VirtualClock(), messages=MemoryMessages())
    plans, problems = compiled_text(f"id: case\ntriggers: [{{mqtt: t}}]\n{text}", ports)
    assert not [each for each in problems if each.severity == "error"], problems
    return plans[0]


def left(plan: Plan, run: Callable[[Plan, Scope], str]) -> dict[str, Any]:
    """The state a run ends in, and what it leaves."""
    payload = {"t": 21}
    scope = Scope(
        trigger={"id": "0", "payload": payload},
        event=Event(1, 0.0, 0.0, "mqtt", "t", payload),
        inputs={},
        run=RunView(1, plan.id, plan.version, 0.0),
        now=lambda: 0.0,
    )
    names = ("records", "effects", "variables", "steps", "error")
    return {"state": run(plan, scope), **{name: getattr(scope, name) for name in names}}


def executed(plan: Plan, scope: Scope) -> str:
    with pytest.raises(StopIteration) as end:
        next(execute(plan, scope))
    return str(end.value.value)


@pytest.mark.parametrize("steps", STEPS.values(), ids=STEPS)
def test_it_leaves_what_the_executor_leaves(steps: str) -> None:
    plan = plan_of(f"steps:{steps}")
    assert is_at_once(plan)
    assert left(plan, run_at_once) == left(plan, executed)


@pytest.mark.parametrize("text", NOT_AT_ONCE.values(), ids=NOT_AT_ONCE)
def test_what_may_wait_or_has_more_sections_is_left_to_the_executor(text: str) -> None:
    assert not is_at_once(plan_of(text))
