"""A dry run shows every effect and performs none."""

import asyncio

from flows.rehearsal import BERLIN, Stage, zigbee2mqtt
from pipelines.ports import Ports
from pipelines.source import Reader
from tests.flows.rehearsing import compiled_text, read

TEXT = """
id: everything
steps:
  - publish: {topic: out, payload: {a: 1}}
  - device: {device: lamp, set: {state: on}, verify: {within: 2s}}
  - id: asked
    http: {url: "https://api.example/", json: {b: 2}}
  - notify: {to: [ann, ben], message: hello}
  - emit: {name: bell}
  - remember: {c: 3}
  - scene: {save: evening, devices: lamp}
  - publish: {topic: out, payload: "{{ [steps.asked.status, memory('c')] }}"}
"""


def test_effects_are_noted_and_not_performed() -> None:
    stage = asyncio.run(_played())
    (record,) = stage.recorder.runs.values()
    assert record.state == "completed", record.error
    assert [(effect.kind, effect.target) for effect in record.effects] == [
        ("publish", "out"), ("device", "lamp"), ("http", "https://api.example/"),
        ("notify", "ann"), ("notify", "ben"), ("emit", "bell"), ("remember", "c"),
        ("remember", "scene/evening"), ("publish", "out"),
    ]  # fmt: skip
    assert not any(effect.performed for effect in record.effects)
    assert record.effects[-1].payload == [0, None]
    assert not stage.messages.sent
    assert not stage.devices.commands
    assert not stage.outside.requests
    assert not stage.outside.notified
    assert not stage.recorder.memory()
    assert not [event for event in stage.recorder.events if event.channel == "emit"]


async def _played() -> Stage:
    script = read(Reader().parse("{name: dry, script: []}", "case.yaml"))

    def compiled(ports: Ports) -> list[object]:
        plans, problems = compiled_text(TEXT, ports)
        assert not problems
        return [*plans]

    stage = Stage(script, compiled, zigbee2mqtt, BERLIN)  # type: ignore[arg-type]
    lane, scope = stage.engine.manual("everything", {})
    scope.live = False
    lane.begin(scope)
    await stage.clock.advance()
    return stage
