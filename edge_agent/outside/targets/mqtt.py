"""Notify target `mqtt`."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

from edge_agent.outside.target import Deliver, Notice, Reach, Target, target


@target
class Mqtt(Target, frozen=True):
    """Publish notifications as JSON with `title`, `message` and `data`."""

    main: ClassVar[str] = "topic"

    topic: Annotated[str, Meta(description="Where to publish; no wildcards.", pattern="^[^+#]+$")]
    qos: Annotated[Literal[0, 1, 2], Meta(description="0, 1 or 2.")] = 1
    retain: Annotated[bool, Meta(description="Whether the broker keeps the last one.")] = False

    def open(self, reach: Reach) -> Deliver:
        """Nothing to prepare."""
        send = reach.messages.send

        async def deliver(notice: Notice) -> None:
            payload = msgspec.json.encode(notice, enc_hook=str)
            send(self.topic, payload, qos=self.qos, retain=self.retain)

        return deliver
