"""The step `extract`: facts out of a text, in a given shape."""

from typing import Annotated, Any

from msgspec import Meta

from flows.models import asked, asker, messages
from pipelines.registry import step
from pipelines.scope import Scope
from pipelines.step import Step, StepFailed, StepFn, Steps
from pipelines.tools import Tools
from schemas.fields import Duration, Expression
from schemas.placement import Placement

_TASK = "Extract the facts that the schema asks for from the text. Invent nothing."


@step
class Extract(Step, frozen=True):
    """Take facts out of a text, as JSON of a schema.

    The text counts as untrusted: what it says is data and no instruction. Result: `data`, always
    of the schema's shape, `usage`, `confidence` (0 to 1, where it is known), and the `model`.
    """

    text: Annotated[Expression, Meta(description="The text.")]
    schema: Annotated[dict[str, Any], Meta(description="The JSON Schema of the facts.")]
    model: Annotated[str, Meta(description="Which chat model.")]
    placement: Placement = "auto"
    instructions: Annotated[Expression, Meta(description="What else to mind.")] = ""
    max_tokens: Annotated[int, Meta(ge=1, description="Longest answer in tokens.")] = 512
    within: Annotated[Duration | None, Meta(description="Longest time to think.")] = None

    def compile(self, tools: Tools) -> StepFn:
        """Parse the fields."""
        text_of = tools.expression(self.text, "text")
        mind = tools.expression(self.instructions, "instructions")
        within = None if self.within is None else tools.seconds(self.within, "within")
        options = {
            "schema": self.schema,
            "max_tokens": self.max_tokens,
            "deadline": within,
            "temperature": 0.0,
        }
        model, path, models = self.model, tools.path, tools.ports.models
        asker_of = asker(tools, model, self.placement)

        def extract(scope: Scope) -> Steps:
            text = str(text_of(scope))
            scope.notes(path).inputs = {"model": model, "text": text}
            said = messages(str(mind(scope) or ""), _TASK, {"text": text})
            whole = models.generate(model, said, options, asker_of(scope))
            answer = yield from asked(model, whole)
            if answer["json"] is None:
                raise StepFailed(f"model `{model}`: the answer was cut off before it was complete")
            known = {key: answer[key] for key in ("usage", "confidence", "model")}
            return {"data": answer["json"], **known}

        return extract
