"""The step `emit`: send an internal event."""

from typing import Annotated, Any, ClassVar

from msgspec import Meta

from pipelines.registry import step
from pipelines.scope import Scope
from pipelines.step import Step, StepFn
from pipelines.tools import Tools
from schemas.fields import Expression


@step
class Emit(Step, frozen=True):
    """Send an internal event; the `event` triggers of its name fire."""

    main: ClassVar[str] = "name"

    name: Annotated[Expression, Meta(description="The event's name.")]
    payload: Annotated[Any, Meta(description="What it carries; `trigger.payload` there.")] = None

    def compile(self, tools: Tools) -> StepFn:
        """Parse name and payload."""
        name_of, payload_of = (
            tools.expression(self.name, "name"),
            tools.template(self.payload, "payload"),
        )
        send, now, path = tools.ports.bus.emit, tools.ports.clock.now, tools.path

        def emit(scope: Scope) -> None:
            name, payload = str(name_of(scope)), payload_of(scope)
            if scope.act(path, "emit", name, payload, now()):
                send(name, payload, scope.run_id, scope.event.depth)

        return emit
