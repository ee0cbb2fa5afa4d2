"""A dry run shows every effect and performs none."""

import asyncio

from edge_agent.rehearsal.memory_ledger import MemoryLedger
from edge_agent.rehearsal.scene import AgentScene
from pipelines.ports import Ports
from tests.flows.rehearsing import compiled_text, read, scene

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
    played = asyncio.run(_played())
    assert played.life is not None
    ledger = played.life.ledger
    assert isinstance(ledger, MemoryLedger)
    (record,) = ledger.runs.values()
    assert record.state == "completed", record.error
    assert [(effect.kind, effect.target) for effect in record.effects] == [
        ("publish", "out"), ("device", "lamp"), ("http", "https://api.example/"),
        ("notify", "ann"), ("notify", "ben"), ("emit", "bell"), ("remember", "c"),
        ("remember", "scene/evening"), ("publish", "out"),
    ]  # fmt: skip
    assert not any(effect.performed for effect in record.effects)
    assert record.effects[-1].payload == [0, None]
    assert not played.broker.sent
    assert not ledger.memory()
    assert not [event for event in ledger.events if event.channel == "emit"]


async def _played() -> AgentScene:
    def compiled(ports: Ports) -> list[object]:
        plans, problems = compiled_text(TEXT, ports)
        assert not problems
        return [*plans]

    played = scene(read({"name": "dry"}), compiled)  # type: ignore[arg-type]
    life = await played.start()
    lane, scope = life.engine.manual("everything", {})
    scope.live = False
    lane.begin(scope)
    await played.clock.advance()
    return played
