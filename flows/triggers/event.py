"""The trigger `event`: an internal event."""

from collections.abc import Callable
from typing import Annotated, Any, ClassVar

from msgspec import Meta

from flows.forgiving import forgiving
from pipelines.ports import Slots
from pipelines.registry import trigger
from pipelines.scope import Scope
from pipelines.tools import Tools
from pipelines.trigger import Arm, Doubt, Doubts, Fire, OnName, Trigger, Watch
from schemas.event import Event as Happened


@trigger
class Event(Trigger, frozen=True):
    """Fire on an internal event that an `emit` step sent.

    `trigger.name` and `trigger.payload` tell what came.
    """

    main: ClassVar[str] = "name"

    name: Annotated[str, Meta(description="The event's name.")]
    payload: Annotated[
        dict[str, Any] | None, Meta(description="Only when the event's payload has these values.")
    ] = None

    def compile(self, tools: Tools) -> Arm:
        """Parse the values wanted."""
        wanted = tools.template(self.payload or {}, "payload")

        def data(event: Happened) -> dict[str, Any]:
            return {"name": event.source, "payload": event.payload, "ts": event.ts}

        if not self.payload:
            return on_name("emit", self.name, data)
        return on_name("emit", self.name, data, lambda e, scope: _has(e.payload, wanted(scope)))

    def doubts(self, tools: Tools) -> Doubts:
        """Another payload."""
        wanted = tools.template(self.payload or {}, "payload")

        def doubt(event: Happened, scope: Scope) -> Doubt | None:
            if _has(event.payload, wanted(scope)):
                return None
            values = {"payload": event.payload, "wanted": wanted(scope)}
            return Doubt("payload", f"its payload was {event.payload!r}", values)

        return doubt


def on_name(
    channel: str,
    name: str,
    data: Callable[[Happened], dict[str, Any]],
    test: Callable[[Happened, Scope], bool] | None = None,
) -> Arm:
    """A trigger that fires on internal events of a name."""

    def arm(fire: Fire, slots: Slots, scope: Scope) -> list[Watch]:
        def see(event: Happened) -> None:
            if test is None or test(event, scope):
                fire(data(event), event)

        return [OnName(channel, name, forgiving(see, None))]

    return arm


def _has(payload: Any, wanted: dict[str, Any]) -> bool:
    return isinstance(payload, dict) and all(
        key in payload and payload[key] == value for key, value in wanted.items()
    )
