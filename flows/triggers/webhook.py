"""The trigger `webhook`: somebody called an address of the agent."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from flows.triggers.event import on_name
from pipelines.registry import trigger
from pipelines.tools import Tools
from pipelines.trigger import Arm, Trigger


@trigger
class Webhook(Trigger, frozen=True):
    """Fire on an HTTP request to `/api/v1/hooks/NAME`.

    `trigger.payload` is what was sent, JSON where it parses; its keys become inputs where the
    pipeline has inputs of these names.
    """

    main: ClassVar[str] = "name"

    name: Annotated[
        str,
        Meta(description="The last part of the address.", pattern="^[A-Za-z0-9][A-Za-z0-9._-]*$"),
    ]
    method: Annotated[
        Literal["POST", "PUT", "GET"], Meta(description="The HTTP method that counts.")
    ] = "POST"

    def compile(self, tools: Tools) -> Arm:
        """Nothing to parse."""
        name = self.name if self.method == "POST" else f"{self.method} {self.name}"
        return on_name("webhook", name, lambda event: {"payload": event.payload, "ts": event.ts})
