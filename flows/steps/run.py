"""The step `run`: another pipeline, as a run of its own."""

from typing import Annotated, Any, ClassVar

from msgspec import Meta

from flows.trying import Cancelled
from pipelines.ports import Runs, Slots, SubRun
from pipelines.registry import step
from pipelines.scope import Constant, Scope
from pipelines.step import Await, Listen, Outputs, Step, StepFailed, StepFn, Steps
from pipelines.tools import Tools
from pipelines.trigger import Arm, Fire, Watch
from schemas.fields import Expression


@step
class Run(Step, frozen=True):
    """Run another pipeline and wait for its end.

    It is a run of its own, with its conditions, its mode and `trigger.id == 'run'`. Result: `id`,
    `state` and `outputs`, the variables it ended with. The step fails when the run does, and when
    the mode of the pipeline does not let it start. When the step is cancelled or times out, so is
    the run. Where the conditions do not hold, `state` is `skipped`. Without `wait` the step only
    starts it: `state` is what it was a moment later.
    """

    main: ClassVar[str] = "pipeline"

    pipeline: Annotated[Expression, Meta(description="The pipeline's id.")]
    inputs: Annotated[dict[str, Any] | None, Meta(description="Values of its inputs.")] = None
    wait: Annotated[bool, Meta(description="Whether to wait until it has ended.")] = True

    def compile(self, tools: Tools) -> StepFn:
        """Parse name and inputs."""
        pipeline = tools.expression(self.pipeline, "pipeline")
        inputs = tools.template(self.inputs or {}, "inputs")
        if isinstance(pipeline, Constant):
            tools.calls(str(pipeline.value), "pipeline", "inputs")
        runs, path, wait, now = tools.ports.runs, tools.path, self.wait, tools.ports.clock.now

        def run(scope: Scope) -> Steps:
            name, sub = str(pipeline(scope)), runs.kept(scope, path)
            if sub is None:
                given = inputs(scope)
                if not scope.live:
                    scope.act(path, "run", name, {"inputs": given}, now())
                    return _outcome((yield Await(runs.rehearse(name, given, scope, path))), name)
                sub = runs.start(name, given, scope, path, wait=wait)
                scope.act(path, "run", name, {"inputs": given, "id": sub.id}, now())
            if wait and sub.goes_on:
                sub = yield from _end_of(sub, runs, scope, path)
            return _outcome(sub, name)

        return run


def _end_of(sub: SubRun, runs: Runs, scope: Scope, path: str) -> Any:
    """Wait for the end; what calls off the waiting for good ends the run too."""

    def arm(fire: Fire, slots: Slots, scope: Scope) -> list[Watch]:
        return [runs.on_end(sub.id, lambda ended, event: fire({"sub": ended}, event))]

    arms: list[tuple[str, Arm]] = [("end", arm)]
    try:
        told = yield Listen(arms, None, path)
    except Cancelled:
        runs.cancel(scope, path)
        raise
    return told["sub"]


def _outcome(sub: SubRun, pipeline: str) -> Outputs:
    outputs = {"id": sub.id or None, "state": sub.state, "outputs": sub.outputs}
    if sub.state in ("failed", "cancelled", "crashed"):
        text = f"`{pipeline}` {sub.state}" + (f": {sub.error}" if sub.error else "")
        failed = StepFailed(text)
        failed.outputs = outputs
        raise failed
    return outputs
