"""The step `parallel`: several things at once."""

from typing import Annotated, Any, ClassVar

from msgspec import Meta

from flows.executor import resumes, run_block
from pipelines.registry import step
from pipelines.scope import Scope
from pipelines.step import Step, StepFn, Together
from pipelines.step import Steps as Running
from pipelines.tools import Tools


@step
class Parallel(Step, frozen=True):
    """Run several lists of steps side by side, and go on when all have ended.

    When one fails the others are cancelled and the step fails.
    """

    main: ClassVar[str] = "branches"

    branches: Annotated[
        list[Any],
        Meta(
            description="Each a step or a list of steps.",
            extra_json_schema={
                "items": {"anyOf": [{"$ref": "#/$defs/step"}, {"$ref": "#/$defs/steps"}]}
            },
        ),
    ]

    def compile(self, tools: Tools) -> StepFn:
        """Compile every branch; those that do not wait simply run one after another."""
        blocks = [
            tools.steps(branch if isinstance(branch, list) else [branch], f"branches/{index}")
            for index, branch in enumerate(self.branches)
        ]

        def parallel(scope: Scope) -> Running:
            resumed = [block for block in blocks if resumes(block, scope)]
            yield Together([run_block(block, scope) for block in resumed or blocks])
            return None

        return parallel
