"""The step `notify`: tell people."""

from typing import Annotated, Any

from msgspec import Meta

from pipelines.expression import is_expression
from pipelines.registry import step
from pipelines.scope import Scope
from pipelines.step import Await, Step, StepFailed, StepFn, Steps
from pipelines.tools import Tools
from pipelines.tree import suggest
from schemas.fields import Expression


@step
class Notify(Step, frozen=True):
    """Send a message to named targets of `hearth.yaml`.

    What else a target understands (an image, a priority) goes under `data`. A target that cannot
    be reached does not keep the message from the others, but fails the step.
    """

    to: Annotated[
        Expression | list[Expression], Meta(description="A target's name, or a list of them.")
    ]
    message: Annotated[Expression, Meta(description="What to say.")]
    title: Annotated[Expression, Meta(description="A heading.")] = ""
    data: Annotated[
        dict[str, Any] | None, Meta(description="More for the target, such as an image.")
    ] = None

    def compile(self, tools: Tools) -> StepFn:
        """Parse the texts; what runs delivers to each target."""
        self._look_for_targets(tools)
        to, data = tools.template(self.to, "to"), tools.template(self.data or {}, "data")
        title_of = tools.expression(self.title, "title")
        message_of = tools.expression(self.message, "message")
        deliver, now, path = tools.ports.outside.notify, tools.ports.clock.now, tools.path

        def notify(scope: Scope) -> Steps:
            names, options = to(scope), data(scope)
            title, message = str(title_of(scope)), str(message_of(scope))
            noted = {"title": title, "message": message, **({"data": options} if options else {})}
            failures = []
            for name in names if isinstance(names, list) else [names]:
                if not scope.act(path, "notify", name, noted, now()):
                    continue
                try:
                    yield Await(deliver(name, title, message, options))
                except (OSError, LookupError) as error:
                    failures.append(f"{name} could not be notified: {error}")
            if failures:
                raise StepFailed("; ".join(failures))
            return None

        return notify

    def _look_for_targets(self, tools: Tools) -> None:
        known = tools.ports.home.targets
        for name in self.to if isinstance(self.to, list) else [self.to]:
            if known is not None and not is_expression(name) and name not in known:
                hint = suggest(name, known) or f"add it: `notify: {{{name}: {{log: info}}}}`"
                tools.problem(f"hearth.yaml names no target `{name}`", "to", hint, "warning")
