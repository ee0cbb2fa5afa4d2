"""The step `choose`: the first branch whose conditions hold."""

from typing import Annotated

from msgspec import Meta, Struct

from flows.executor import resumes, run_block
from pipelines.registry import step
from pipelines.scope import Scope
from pipelines.step import Step, StepFn
from pipelines.step import Steps as Running
from pipelines.tools import Tools
from schemas.fields import Conditions, Steps, field_name
from schemas.run import Asked


class Branch(Struct, frozen=True, forbid_unknown_fields=True, rename=field_name):
    """One way to go on."""

    if_: Annotated[Conditions, Meta(description="When to go this way.")]
    steps: Annotated[Steps, Meta(description="The steps of this way.")]


@step
class Choose(Step, frozen=True):
    """Run the steps of the first branch whose conditions hold.

    Result: `branch`, its number from 0, null for `otherwise`.
    """

    branches: Annotated[
        list[Branch], Meta(description="The ways to go on, in order.", min_length=1)
    ]
    otherwise: Annotated[Steps | None, Meta(description="The steps when none holds.")] = None

    def compile(self, tools: Tools) -> StepFn:
        """Compile every branch; what runs takes one."""
        branches = [
            (
                tools.conditions(branch.if_, f"branches/{index}/if"),
                tools.steps(branch.steps, f"branches/{index}/steps"),
            )
            for index, branch in enumerate(self.branches)
        ]
        asks = [", ".join(tools.wording(f"branches/{i}/if")) for i in range(len(branches))]
        unmet = tuple(Asked(text, held=False) for text in asks)
        path = tools.path
        blocks = [block for _, block in branches]
        otherwise = tools.steps(self.otherwise or [], "otherwise")

        def choose(scope: Scope) -> Running:
            resumed = any(resumes(block, scope) for block in (otherwise, *blocks))
            for index, (test, block) in enumerate(branches):
                if resumes(block, scope) if resumed else test(scope):
                    scope.notes(path).asked = (*unmet[:index], Asked(asks[index], held=True))
                    yield from run_block(block, scope)
                    return {"branch": index}
            scope.notes(path).asked = unmet
            yield from run_block(otherwise, scope)
            return {"branch": None}

        return choose
