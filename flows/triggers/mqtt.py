"""The trigger `mqtt`: a message arrived."""

from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from flows.topic_rules import filter_problem
from pipelines.registry import trigger
from pipelines.scope import Constant, Scope
from pipelines.tools import Tools
from pipelines.trigger import Arm, Doubt, Doubts, Fire, OnTopic, Trigger, Watch
from schemas.event import Event
from schemas.fields import Expression


@trigger
class Mqtt(Trigger, frozen=True):
    """Fire for every MQTT message on a topic.

    `trigger.topic`, `trigger.payload` (JSON if it parses, else text, else bytes), `trigger.raw`,
    `trigger.retain` and `trigger.ts` tell what came. Messages the broker had kept are history,
    not news, and are ignored unless `retained: true`.
    """

    main: ClassVar[str] = "topic"

    topic: Annotated[Expression, Meta(description="Topic or filter; `+` and `#` are wildcards.")]
    payload: Annotated[
        Any | UnsetType,
        Meta(description="Only this payload: a text is the raw text, else the parsed JSON."),
    ] = UNSET
    qos: Annotated[Literal[0, 1, 2], Meta(description="Quality of service to subscribe with.")] = 0
    retained: Annotated[bool, Meta(description="Whether kept messages fire too.")] = False

    def compile(self, tools: Tools) -> Arm:
        """Parse the topic; the payload filter becomes a test of the event."""
        topic = tools.expression(self.topic, "topic")
        if isinstance(topic, Constant) and (wrong := filter_problem(topic.value)):
            tools.problem(wrong, "topic")
        given = self.payload is not UNSET
        payload = tools.template(self.payload, "payload") if given else None
        qos, retained = self.qos, self.retained

        def arm(fire: Fire, slots: object, scope: Scope) -> list[Watch]:
            test = None if payload is None else _equals(payload(scope))
            return [OnTopic(topic(scope), Topical(fire, test, retained).see, qos)]

        return arm

    def doubts(self, tools: Tools) -> Doubts:
        """A kept message, or another payload."""
        given, retained = self.payload is not UNSET, self.retained
        payload = tools.template(self.payload, "payload") if given else None

        def doubt(event: Event, scope: Scope) -> Doubt | None:
            if event.retain and not retained:
                text = "it was a message the broker had kept, and `retained` is not true"
                return Doubt("retained", text)
            if payload is None or _equals(payload(scope))(event):
                return None
            wanted = payload(scope)
            values = {"payload": event.payload, "wanted": wanted}
            return Doubt("payload", f"its payload was {event.payload!r}, not {wanted!r}", values)

        return doubt


class Topical(Struct, frozen=True):
    """What an armed trigger does with the messages of its topic."""

    fire: Fire
    test: Callable[[Event], bool] | None
    retained: bool

    def see(self, event: Event) -> None:
        """Fire, unless the message was kept or says something else."""
        if event.retain and not self.retained:
            return
        test, fire = self.test, self.fire
        if test is None or test(event):
            fire(
                {
                    "topic": event.source,
                    "payload": event.payload,
                    "raw": event.raw,
                    "ts": event.ts,
                    "retain": event.retain,
                },
                event,
            )


def _equals(wanted: Any) -> Callable[[Event], bool]:
    if isinstance(wanted, str):
        raw = wanted.encode()
        return lambda event: event.raw == raw
    logical = isinstance(wanted, bool)  # in Python 1 == True, in JSON they differ
    return lambda event: event.payload == wanted and isinstance(event.payload, bool) is logical
