"""Shadows: they see everything, record what they would do, and do nothing."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from edge_agent.loading import load_components
from flows.shadow import Leak, shadow_ports
from pipelines.registry import STEPS
from schemas.device import Command
from tests.flows.house import House

load_components()
# A sample of every step; where it acts, the kind of effect that it must leave.
SAMPLES = {
    "publish": ("publish: {topic: out, payload: x}", "publish"),
    "device": ("device: {device: lamp, set: {state: on}, verify: {within: 1s}}", "device"),
    "http": ("http: {url: 'http://x.test', json: {a: 1}}", "http"),
    "notify": ("notify: {to: family, message: x}", "notify"),
    "emit": ("emit: {name: heard, payload: 1}", "emit"),
    "remember": ("remember: {count: 2}", "remember"),
    "scene": ("scene: {save: evening, devices: [lamp]}", "remember"),
    "run": ("run: {pipeline: other}", "run"),
    "log": ("log: x", ""),
    "set": ("set: {x: 1}", ""),
    "sql": ("sql: {query: select 1}", ""),
    "delay": ("delay: 1s", ""),
    "wait_for": ("wait_for: {triggers: [{mqtt: {topic: never}}], up_to: 1s}", ""),
    "choose": ("choose: {branches: [{if: '{{ 1 }}', steps: [publish: {topic: out}]}]}", "publish"),
    "repeat": ("repeat: {count: 2, steps: [publish: {topic: out}]}", "publish"),
    "parallel": ("parallel: [[publish: {topic: out}], [publish: {topic: out}]]", "publish"),
    "stop": ("stop: {reason: enough}", ""),
    "classify": ("classify: {text: x}\n    on_error: continue", ""),
    "extract": ("extract: {text: x, schema: {type: object}, model: m}\n    on_error: continue", ""),
    "generate": ("generate: {prompt: x}\n    on_error: continue", ""),
    "embed": ("embed: {text: x}\n    on_error: continue", ""),
    "anomaly": ("anomaly: {model: m}\n    on_error: continue", ""),
}  # fmt: skip
OTHER = """
id: other
triggers:
  - event: heard
  - run: {pipeline: shady}
  - memory: {key: count}
steps:
  - publish: {topic: out, payload: other}
  - remember: {other: 1}
"""
COUNTING = """
id: count
triggers:
  - mqtt: {topic: go}
    throttle: 1m
  - reading: {device: freezer, property: temperature, above: -12, for: 5m}
steps:
  - remember: {n: "{{ (memory('n') or 0) + STEP }}"}
  - publish: {topic: out, payload: "{{ memory('n') }} {{ memory('who') }}"}
"""


class Nobody:
    """An outside that must not be asked for anything but rows."""

    async def request(self, method: str, url: str, **options: Any) -> dict[str, Any]:
        raise AssertionError(f"{method} {url}")

    async def notify(self, to: str, title: str, message: str, options: Mapping[str, Any]) -> None:
        raise AssertionError(to)

    async def query(self, sql: str, params: Mapping[str, Any]) -> list[dict[str, Any]]:
        return []


def _shady(step: str) -> str:
    return f"id: shady\nshadow: true\ntriggers:\n  - mqtt: {{topic: go}}\nsteps:\n  - {step}\n"


async def _play(house: House, text: str, *, restarted: bool) -> None:
    house.restart(text, OTHER)
    house.message("go")
    if restarted:
        house.restart(text, OTHER)
    await house.clock.advance(10)


def test_every_step_there_is_has_a_sample() -> None:
    assert SAMPLES.keys() == STEPS.keys()


@pytest.mark.parametrize("step", SAMPLES)
@pytest.mark.parametrize("restarted", [False, True], ids=["", "over a restart"])
def test_nothing_leaks_from_a_shadow(step: str, restarted: bool) -> None:
    sample, kind = SAMPLES[step]
    house = House()
    house.outside = Nobody()
    house.devices.report("lamp", "state", "off")
    asyncio.run(_play(house, _shady(sample), restarted=restarted))
    assert house.sent == [] and house.devices.commands == []
    assert house.recorder.memory() == []
    assert not house.runs("other")
    assert {event.channel for event in house.recorder.events} <= {"timer", "startup"}
    [run] = house.runs("shady")
    assert run.state == "completed" and {each.kind for each in run.steps} >= {step}
    kinds = {effect.kind for effect in run.effects}
    assert kind in kinds if kind else not kinds
    assert not any(effect.performed for effect in run.effects)


def test_the_ports_of_a_shadow_refuse_steps_that_do_not_ask() -> None:
    house = House()
    ports = shadow_ports(house.ports, house.memory)
    for act in (
        lambda: ports.messages.send("a", b""),
        lambda: ports.bus.emit("a", None),
        lambda: ports.devices.command("lamp", Command({"state": "on"})),
        lambda: ports.outside.request("GET", "http://x.test"),
        lambda: ports.outside.notify("family", "", "", {}),
        lambda: ports.runs.cancel(None, ""),  # type: ignore[arg-type]
    ):
        with pytest.raises(Leak):
            act()


def test_a_shadow_sees_what_it_remembers_and_nobody_else_does() -> None:
    house = House()
    house.memory.set("n", 5)
    house.load(COUNTING.replace("STEP", "1"))
    house.put_beside(COUNTING.replace("STEP", "10"))
    house.memory.set("who", "ada")  # set by somebody else: seen by both
    for _ in range(2):
        house.message("go")
        house.pass_(60)
    live, shadow = ([run.effects[1].payload for run in house.runs(name)] for name in NAMES)
    assert live == ["6 ada", "7 ada"] and shadow == ["15 ada", "25 ada"]
    assert house.memory.get("n") == 7


def test_a_shadow_begins_with_the_timers_and_throttles_of_the_live_one() -> None:
    house = House()
    house.load(COUNTING.replace("STEP", "1"))
    house.report("freezer", "temperature", -20)
    house.report("freezer", "temperature", -5)
    house.message("go")
    house.pass_(30)
    house.put_beside(COUNTING.replace("STEP", "10"))
    house.message("go")  # throttled in both
    house.pass_(269)
    assert [len(house.runs(name)) for name in NAMES] == [1, 0]
    house.pass_(1)
    assert [len(house.runs(name)) for name in NAMES] == [2, 1]


def test_a_trigger_on_what_a_shadow_remembers_hears_of_that_alone() -> None:
    house = House()
    text = """
id: chain
triggers:
  - mqtt: {topic: go}
  - memory: {key: n}
    id: changed
steps:
  - if: "{{ trigger.id != 'changed' }}"
    remember: {n: "{{ trigger.payload }}"}
  - publish: {topic: out, payload: "{{ trigger.id }}"}
"""
    house.load(text.replace("id: chain", "id: chain\nmode: queued"))
    house.put_beside(text.replace("id: chain", "id: chain\nmode: queued"))
    house.message("go", 1)
    house.pass_(1)
    for name in ("chain", "chain~shadow"):
        assert [run.trigger["id"] for run in house.runs(name)] == ["0", "changed"], name


def test_a_shadow_of_a_file_keeps_its_memory_over_a_restart() -> None:
    house = House()
    text = COUNTING.replace("STEP", "1").replace("id: count", "id: count\nshadow: true")
    house.load(text)
    house.message("go")
    house.restart(text)
    house.pass_(60)
    house.message("go")
    assert [run.effects[0].payload for run in house.runs("count")] == [1, 2]
    assert house.recorder.memory() == [] and house.sent == []


def test_a_shadow_made_live_begins_with_the_live_memory_and_acts() -> None:
    house = House()
    text = COUNTING.replace("STEP", "1")
    house.load(text.replace("id: count", "id: count\nshadow: true"))
    house.message("go")
    house.load(text)
    house.pass_(60)
    house.message("go")
    assert house.sent == ["1 None"]
    assert not [slot for slot in house.recorder.slots() if slot.owner.startswith("shadow/")]


def test_what_ran_beside_leaves_nothing_when_it_is_dropped_or_the_agent_was_killed() -> None:
    house = House()
    text = COUNTING.replace("STEP", "1").replace("steps:", "steps:\n  - delay: 1m")
    house.load(text)
    drops: list[Callable[[], None]] = [
        lambda: house.shadows.drop("count~shadow"),
        lambda: house.restart(text),
    ]
    for drop in drops:
        house.put_beside(text)
        house.message("go")
        drop()
        assert not [slot for slot in house.recorder.slots() if "~shadow" in str(slot)]
        house.pass_(60)


NAMES = ("count", "count~shadow")
