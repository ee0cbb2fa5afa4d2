"""The agent itself as the API shows it, and messages put in by hand."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from edge_agent.channels.message import Message as Incoming
from edge_agent.channels.mqtt_wire import topic_field
from edge_agent.gateway.live import moment
from pipelines.ports import Messages
from schemas.api import AgentView, Message
from schemas.identity import unique_id
from schemas.problem import Position, Problem, UserError


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
        """Take messages in as if the broker had sent them, or publish them; all or none.

        Raises:
            UserError: one of them is none.
        """
        for message, payload in zip(messages, wires(messages), strict=True):
            if message.publish:
                self._messages.send(message.topic, payload, qos=message.qos, retain=message.retain)
            else:
                self._take(Incoming(unique_id(), message.topic, payload, 0, message.retain))


def wires(messages: Sequence[Message]) -> list[bytes]:
    """The payloads as bytes: text as it is, other values as JSON.

    Raises:
        UserError: with a problem for every message that cannot be sent.
    """
    payloads, problems = [], []
    for message in messages:
        try:
            payloads.append(_wire(message))
        except ValueError as error:
            problems.append(Problem(Position("message"), str(error)))
    if problems:
        raise UserError(*problems)
    return payloads


def _wire(message: Message) -> bytes:
    topic_field(message.topic)
    if not message.base64:
        text = isinstance(message.payload, str)
        return message.payload.encode() if text else msgspec.json.encode(message.payload)
    try:
        return base64.b64decode(message.payload, validate=True)
    except (TypeError, ValueError):
        raise ValueError(f"the payload for `{message.topic}` is no base64") from None
