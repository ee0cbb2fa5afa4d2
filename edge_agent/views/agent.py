"""The agent itself as the API shows it, and messages put in by hand."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from edge_agent.channels.message import Message as Incoming
from edge_agent.gateway.live import moment
from pipelines.ports import Messages
from schemas.api import AgentView, Message
from schemas.identity import unique_id


class AgentFacts:
    """Implements `edge_agent.gateway.ports.Agent`."""

    def __init__(
        self,
        *,
        name: str,
        version: str,
        started: float,
        urls: Mapping[str, str],
        facts: Callable[[], Mapping[str, Any]],
        take: Callable[[Incoming], None],
        messages: Messages,
        stop: Callable[[], None],
    ) -> None:
        self._name = name
        self._version = version
        self._started = started
        self._urls = urls
        self._facts = facts
        self._take = take
        self._messages = messages
        self.stop = stop

    async def describe(self) -> AgentView:
        """What runs where."""
        return AgentView(
            self._name,
            self._version,
            os.getpid(),
            moment(self._started),
            dict(self._urls),
            dict(self._facts()),
        )

    async def send(self, messages: Sequence[Message]) -> None:
        """Take messages in as if the broker had sent them, or publish them."""
        for message in messages:
            payload = wire(message)
            if message.publish:
                self._messages.send(message.topic, payload, qos=message.qos, retain=message.retain)
            else:
                self._take(Incoming(unique_id(), message.topic, payload, 0, message.retain))


def wire(message: Message) -> bytes:
    """A message's payload as bytes: text as it is, other values as JSON."""
    if isinstance(message.payload, str):
        return base64.b64decode(message.payload) if message.base64 else message.payload.encode()
    return msgspec.json.encode(message.payload)
