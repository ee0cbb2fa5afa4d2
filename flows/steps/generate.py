"""The step `generate`: an answer of a chat model."""

from typing import Annotated, Any, ClassVar

from msgspec import Meta

from flows.models import asked, asker, messages
from pipelines.registry import step
from pipelines.scope import Scope
from pipelines.step import Step, StepFailed, StepFn, Steps
from pipelines.tools import Tools
from schemas.fields import Duration, Expression
from schemas.openai import Temperature
from schemas.placement import Placement


@step
class Generate(Step, frozen=True):
    """Have a chat model write something.

    Texts under `untrusted` (mails, messages of strangers) are fenced: the model is told that they
    are data. `tools` are the functions it may name, none by default; a call only comes back as
    `calls` (name, arguments), what is done with it is up to the steps that follow. Result: `text`,
    `json` (with a `schema`, of its shape), `calls`, `finish` (stop, length, tool_calls), `usage`,
    `confidence` (0 to 1, where it is known), and the `model` that answered.
    """

    main: ClassVar[str] = "prompt"

    prompt: Annotated[Expression, Meta(description="What to do.")]
    model: Annotated[str, Meta(description="Which chat model.")] = "assistant"
    placement: Placement = "auto"
    system: Annotated[Expression, Meta(description="Who it is and what always holds.")] = ""
    untrusted: Annotated[
        dict[str, Any] | None, Meta(description="Texts by name that must not give orders.")
    ] = None
    schema: Annotated[dict[str, Any] | None, Meta(description="The JSON Schema of the answer.")] = (
        None
    )
    tools: Annotated[
        tuple[dict[str, Any], ...],
        Meta(description="Functions it may name: `{name, description, parameters}` each."),
    ] = ()
    max_tokens: Annotated[int, Meta(ge=1, description="Longest answer in tokens.")] = 512
    within: Annotated[Duration | None, Meta(description="Longest time to think.")] = None
    temperature: Annotated[
        Temperature | None, Meta(description="0: the likeliest words; the model's own.")
    ] = None
    seed: Annotated[int | None, Meta(description="The same seed, the same answer.")] = None

    def compile(self, tools: Tools) -> StepFn:
        """Parse the fields."""
        prompt_of, system_of = (
            tools.expression(self.prompt, "prompt"),
            tools.expression(self.system, "system"),
        )
        untrusted_of = tools.template(self.untrusted or {}, "untrusted")
        options, allowed = self._options(tools), {str(each.get("name")) for each in self.tools}
        model, path, models = self.model, tools.path, tools.ports.models
        asker_of = asker(tools, model, self.placement)
        complete = self.schema is not None

        def generate(scope: Scope) -> Steps:
            prompt = str(prompt_of(scope))
            scope.notes(path).inputs = {"model": model, "prompt": prompt}
            said = messages(str(system_of(scope) or ""), prompt, untrusted_of(scope))
            whole = models.generate(model, said, options, asker_of(scope))
            answer = yield from asked(model, whole)
            if complete and answer["json"] is None:
                raise StepFailed(f"model `{model}`: the answer was cut off before it was complete")
            return {**answer, "calls": [c for c in answer["calls"] if c["name"] in allowed]}

        return generate

    def _options(self, tools: Tools) -> dict[str, Any]:
        for index, each in enumerate(self.tools):
            if not isinstance(each.get("name"), str):
                tools.problem("a tool needs a `name`", f"tools/{index}")
        return {
            "schema": self.schema,
            "tools": [{"type": "function", "function": each} for each in self.tools],
            "max_tokens": self.max_tokens,
            "deadline": None if self.within is None else tools.seconds(self.within, "within"),
            "temperature": self.temperature,
            "seed": self.seed,
        }
