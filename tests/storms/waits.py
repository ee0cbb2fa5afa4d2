"""What waits, as data: `tests/cases/waits` holds each construct with what it is sent in a round.

A construct is pipelines that publish under `out/`. Killed or not, the same runs must publish the
same; a run may repeat itself under its own id.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from edge_agent.rehearsal.memory_ledger import MemoryLedger
from edge_agent.rehearsal.scene import AgentLife, AgentScene
from pipelines.plan import Plan
from pipelines.ports import Ports
from pipelines.source import Reader
from tests.flows.rehearsing import compiled_text, read, scene

CASES = Path(__file__).parents[1] / "cases" / "waits"
ROUND = 10.0
"""Seconds from one round to the next: longer than any construct takes."""


class Send(Struct, frozen=True, forbid_unknown_fields=True):
    """A message of a round; `at` in seconds from its beginning. `round` is added to the payload."""

    topic: str
    at: float = 0.0
    payload: dict[str, Any] = {}

    def body(self, number: int) -> bytes:
        """The payload in a round."""
        return msgspec.json.encode({**self.payload, "round": number})


class Construct(Struct, frozen=True, forbid_unknown_fields=True):
    """Something that waits; `unordered`: what a run publishes may come in any order."""

    name: str
    sends: list[Send]
    pipelines: list[dict[str, Any]]
    unordered: bool = False


Effects = list[tuple[str, str]]
"""What one run has published: topics and payloads."""
Told = dict[str, list[Effects]]
"""What the runs of each construct have published."""


def constructs() -> list[Construct]:
    """Every construct of the cases."""
    files = sorted(CASES.glob("*.yaml"))
    return [msgspec.convert(case, Construct) for path in files for case in Reader().load(path)]


def written(table: Iterable[Construct]) -> str:
    """The pipelines of constructs as the text of one file."""
    return msgspec.json.encode([each for it in table for each in it.pipelines]).decode()


def told(published: Mapping[str, Iterable[tuple[str, str]]], table: Iterable[Construct]) -> Told:
    """What runs have published, by construct, so that it can be compared: repeats of a run count
    once, and runs are in no order."""
    owners = {prefix: it for it in table for prefix in _prefixes(it)}
    found: dict[str, list[Effects]] = {it.name: [] for it in owners.values()}
    for effects in published.values():
        once = list(dict.fromkeys(effects))
        owner = owners[once[0][0].split("/")[1]]
        found[owner.name].append(sorted(once) if owner.unordered else once)
    return {name: sorted(runs) for name, runs in found.items()}


def _prefixes(construct: Construct) -> list[str]:
    return [each["id"] for each in construct.pipelines]


class Lives:
    """An agent in memory that is killed and started again on the same ledger."""

    def __init__(self, table: Sequence[Construct], now: float) -> None:
        self.ledger = MemoryLedger()
        self.now = now
        self._text = written(table)
        self._scene: AgentScene | None = None

    async def start(self) -> AgentLife:
        """A life begins; it knows nothing but the ledger."""
        test = read({"name": "any", "given": {"time": _iso(self.now)}})
        self._scene = scene(test, self._plans, self.ledger)
        life = await self._scene.start()
        self._scene.broker.come_back()
        await self.pass_to(self.now)
        return life

    def kill(self) -> None:
        """Nothing of this life is ever called again."""
        self._scene = None

    async def pass_to(self, time: float) -> None:
        """Time passes, for a living agent or a dead one."""
        if self._scene is not None:
            await self._scene.clock.advance(max(0.0, time - self._scene.clock.now()))
        self.now = max(self.now, time)

    async def send(self, topic: str, payload: bytes) -> None:
        """A message comes from the broker."""
        assert self._scene is not None
        self._scene.broker.publish(topic, payload, qos=1)
        await self.pass_to(self.now)

    @property
    def published(self) -> dict[str, list[tuple[str, str]]]:
        """What each run has published under `out/`."""
        return {
            f"{run:x}": effects
            for run, record in self.ledger.runs.items()
            if (effects := [
                (effect.target, _text(effect.payload))
                for effect in record.effects
                if effect.target.startswith("out/")
            ])
        }  # fmt: skip

    def _plans(self, ports: Ports) -> Sequence[Plan]:
        plans, problems = compiled_text(self._text, ports)
        assert not [each for each in problems if each.severity == "error"], problems
        return plans


def _text(payload: Any) -> str:
    return payload if isinstance(payload, str) else msgspec.json.encode(payload).decode()


def _iso(ts: float) -> str:
    return datetime.fromtimestamp(ts, UTC).isoformat()
