"""The step `publish`: send one MQTT message."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from flows.topic_rules import topic_problem
from flows.wire import to_record, to_wire
from pipelines.ports import Ports
from pipelines.registry import step
from pipelines.scope import Constant, Expr, Scope
from pipelines.step import Step, StepFailed, StepFn
from pipelines.tools import Tools
from schemas.fields import Expression


@step
class Publish(Step, frozen=True):
    """Send one MQTT message.

    A mapping, list, number or boolean goes out as JSON, text as it is, null is refused: an empty
    message is `payload: ''`.
    """

    topic: Annotated[Expression, Meta(description="Where to send it; no wildcards.")]
    payload: Annotated[Any, Meta(description="What to send; expressions anywhere inside.")] = ""
    qos: Annotated[Literal[0, 1, 2], Meta(description="Quality of service.")] = 0
    retain: Annotated[bool, Meta(description="Whether the broker keeps it for newcomers.")] = False

    def compile(self, tools: Tools) -> StepFn:
        """Parse topic and payload once; what runs renders, notes the effect and sends."""
        topic_of = tools.expression(self.topic, "topic")
        payload_of = tools.template(self.payload, "payload")
        if isinstance(topic_of, Constant) and (wrong := topic_problem(topic_of.value)):
            tools.problem(wrong, "topic")
        if isinstance(payload_of, Constant) and payload_of.value is None:
            tools.problem("null cannot be sent", "payload", "write '' for an empty message")
        return Publishing(
            tools.ports, tools.path, topic_of, payload_of, self.qos, self.retain
        ).publish


class Publishing(Struct, frozen=True):
    """A compiled `publish`: one object, where a closure would be a dozen that no cache holds when
    a thousand pipelines come in turn."""

    ports: Ports
    path: str
    topic: Expr
    payload: Expr
    qos: int
    retain: bool

    def publish(self, scope: Scope) -> None:
        """Render, note the effect and send.

        Raises:
            StepFailed: the topic is none that can be published to.
        """
        topic_of, payload_of, ports = self.topic, self.payload, self.ports
        topic, payload = topic_of(scope), payload_of(scope)
        if wrong := topic_problem(topic):
            raise StepFailed(wrong)
        wire = to_wire(payload)
        if scope.act(self.path, "publish", topic, to_record(payload), ports.clock.now()):
            ports.messages.send(topic, wire, qos=self.qos, retain=self.retain, run=scope.run_id)
