"""The step `wait_for`: wait until something happens."""

from typing import Annotated, Literal

from msgspec import Meta

from pipelines.registry import step
from pipelines.scope import Scope
from pipelines.step import Listen, Step, StepFailed, StepFn, Steps
from pipelines.tools import Tools
from schemas.fields import Duration, Triggers


@step
class WaitFor(Step, frozen=True):
    """Wait until one of several triggers fires.

    Result: `trigger`, what it told (null after the time was up), and `timed_out`. The deadline is
    kept over a restart of the agent. An `mqtt` topic that nothing else listens to is subscribed
    only while a run waits for it: the broker keeps no messages from before.
    """

    triggers: Annotated[Triggers, Meta(description="What to wait for.")]
    up_to: Annotated[Duration | None, Meta(description="How long; for ever by default.")] = None
    otherwise: Annotated[
        Literal["continue", "fail"], Meta(description="What happens when the time is up.")
    ] = "continue"

    def compile(self, tools: Tools) -> StepFn:
        """Parse the triggers and the time."""
        arms = tools.triggers(self.triggers, "triggers")
        up_to = None if self.up_to is None else tools.duration(self.up_to, "up_to")
        now, path, fails = tools.ports.clock.now, tools.path, self.otherwise == "fail"
        awaits = tools.wording("triggers")

        def wait_for(scope: Scope) -> Steps:
            until = scope.waits.get(path)
            if until is None and up_to is not None:
                until = now() + up_to(scope)
            notes = scope.notes(path)
            notes.awaits, notes.until = awaits, until
            trigger = yield Listen(arms, until, path)
            if trigger is None and fails:
                raise StepFailed("nothing happened in time")
            return {"trigger": trigger, "timed_out": trigger is None}

        return wait_for
