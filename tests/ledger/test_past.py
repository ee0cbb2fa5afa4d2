"""The past that windows are taken up from: of a rehearsal, and of the ledger after a restart."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flows.rehearsal_past import MemoryPast
from pipelines.ports import Past
from schemas.device import Change
from schemas.event import Event
from tests.ledger.made import NOON, change, event, ledger_at

KEPT = change("power", 7.0, retained=True)
MESSAGES: list[tuple[Event, Sequence[Change]]] = [
    (event("a", raw=b"1", payload=1), [change("power", 1)]),
    (
        event("b", NOON + 1.25, received=NOON + 2, raw=b'{"x": "y"}', payload={"x": "y"}),
        [change("power", 2.5), change("state", "on"), change("open", True, instance="l1")],
    ),
    (event("c", retain=True, raw=b"7", payload=7), [KEPT]),
    (event("d", raw=b"\xff", payload=b"\xff"), []),
    (event("e", raw=b"plain", payload="plain"), [change("colors", [1, "a"])]),
    (event("f", raw=b"2", payload=2), [change("power", 10**400)]),
]


def _readings(past: Past, after: int, property: str | None) -> list[Any]:
    return [
        (c.key, c.device, c.property, c.instance, c.value, e.ts, e.received)
        for c, e in past.readings_since(after, property)
    ]


def _messages(past: Past, after: int, topic_filter: str) -> list[Any]:
    return [(e.source, e.payload, e.ts) for e in past.messages_since(after, topic_filter)]


def _told(past: Past, after: int) -> list[Any]:
    """Every question a window asks."""
    return [
        _readings(past, after, None)[:-1],  # 10**400 is the largest number in the ledger
        _readings(past, after, "state"),
        _messages(past, after, "t/+"),
        _messages(past, after, "t/b"),
        _messages(past, after, "elsewhere/#"),
    ]


async def test_the_ledger_tells_its_past_as_a_rehearsal_does(tmp_path: Path) -> None:
    memory, ledger = MemoryPast(), ledger_at(tmp_path)
    positions = [(memory.position(), ledger.past.position())]
    for made, changes in MESSAGES:
        memory.message(made, changes)
        ledger.message(made, changes)
        positions.append((memory.position(), ledger.past.position()))
    await ledger.close()
    ledger = ledger_at(tmp_path)
    assert ledger.past.position() == positions[-1][1]
    for in_memory, in_ledger in positions:
        assert _told(ledger.past, in_ledger) == _told(memory, in_memory)
    await ledger.close()
