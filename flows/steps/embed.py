"""The step `embed`: texts as vectors."""

from typing import Annotated, ClassVar

from msgspec import Meta

from flows.models import asked, asker
from pipelines.registry import step
from pipelines.scope import Scope
from pipelines.step import Step, StepFn, Steps
from pipelines.tools import Tools
from schemas.fields import Expression
from schemas.placement import Placement


@step
class Embed(Step, frozen=True):
    """Turn a text, or each of a list, into a vector: texts that mean the same lie close together.

    Result: `vector`, or `vectors` for a list; lists of numbers.
    """

    main: ClassVar[str] = "text"

    text: Annotated[Expression | list[str], Meta(description="The text, or a list of them.")]
    model: Annotated[str, Meta(description="Which model.")] = "embedding"
    placement: Placement = "auto"

    def compile(self, tools: Tools) -> StepFn:
        """Parse the text."""
        text_of, model, path = tools.template(self.text, "text"), self.model, tools.path
        models = tools.ports.models
        asker_of = asker(tools, model, self.placement, compared=True)

        def embed(scope: Scope) -> Steps:
            text = text_of(scope)
            texts = [str(each) for each in text] if isinstance(text, list) else [str(text)]
            scope.notes(path).inputs = {"model": model, "text": text}
            found = models.embed(model, texts, asker_of(scope))
            vectors = yield from asked(model, found)
            return {"vectors": vectors} if isinstance(text, list) else {"vector": vectors[0]}

        return embed
