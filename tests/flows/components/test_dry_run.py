"""A dry run shows every effect and performs none."""

import asyncio

from edge_agent.rehearsal.memory_ledger import MemoryLedger
from edge_agent.rehearsal.scene import AgentScene
from pipelines.ports import Ports
from schemas.run import RunRecord
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


def _scene(text: str) -> AgentScene:
    def compiled(ports: Ports) -> list[object]:
        plans, problems = compiled_text(text, ports)
        assert not problems
        return [*plans]

    return scene(read({"name": "dry"}), compiled)  # type: ignore[arg-type]


async def _played() -> AgentScene:
    played = _scene(TEXT)
    life = await played.start()
    lane, scope = life.engine.manual("everything", {})
    scope.live = False
    lane.begin(scope)
    await played.clock.advance()
    return played


ENDLESS = """
id: everything
steps:
  - parallel:
      - - repeat:
            while: "{{ true }}"
            steps: [{publish: {topic: blink}}, {delay: 1s, timeout: 1h}]
      - - delay: 1h
finally: [{publish: {topic: over}}]
"""


def test_what_would_never_end_is_ended_and_says_why() -> None:
    async def played() -> RunRecord:
        life = await _scene(ENDLESS).start()
        lane, scope = life.engine.manual("everything", {})
        return await lane.rehearse(scope)

    record = asyncio.run(played())
    assert record.state == "cancelled"
    assert "after 1000 waits" in record.error
    assert len(record.effects) < 1_000
