"""The messages of one read on their way in, where something fails between them."""

from collections import deque
from collections.abc import Sequence

import pytest

from edge_agent.channels.message import Message
from edge_agent.devices.registry import Registry
from edge_agent.gateway.live import Live
from edge_agent.intake import Intake
from edge_agent.monitoring.metrics import Counter
from edge_agent.rehearsal.memory_ledger import MemoryLedger
from firmware_profiles.profiles import Profiles
from flows.engine import Engine
from flows.virtual_clock import VirtualClock
from schemas.device import Change
from schemas.event import Event


class FailingLedger(MemoryLedger):
    """A ledger with a bug: what came on the topic `bad` raises."""

    def message(self, event: Event, changes: Sequence[Change]) -> None:
        if event.source == "bad":
            raise ZeroDivisionError
        super().message(event, changes)


def intake_of(ledger: MemoryLedger) -> Intake:
    return Intake(
        profiles=Profiles([]),
        registry=Registry({}, encode=lambda *_: [], send=lambda *_: None),
        ledger=ledger,
        engine=Engine(VirtualClock(), ledger, ledger.slots()),
        live=Live(),
        counter=Counter(),
        resubscribe=lambda: None,
    )


def test_a_message_that_cannot_be_acted_on_does_not_take_those_behind_it_with_it() -> None:
    ledger = FailingLedger()
    intake = intake_of(ledger)
    topics = ("first", "bad", "second", "bad", "third")
    messages = deque(Message(number, topic, b"1") for number, topic in enumerate(topics))
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            intake.messages(messages)
    intake.messages(messages)
    assert [event.source for event in ledger.events] == ["first", "second", "third"]
