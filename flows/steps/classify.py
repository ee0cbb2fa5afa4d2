"""The step `classify`: what a text means."""

from typing import Annotated, Any, ClassVar

from msgspec import Meta

from flows.models import asked, asker
from pipelines.registry import step
from pipelines.scope import Scope
from pipelines.step import Step, StepFn, Steps
from pipelines.tools import Tools
from schemas.fields import Expression
from schemas.placement import Placement


@step
class Classify(Step, frozen=True):
    """Find out what a text means.

    The model in the box, `intent`, knows what people say to a home, in English, German and
    Chinese. A chat model chooses one of `labels`. Result: `intent` (or the label), `confidence`
    from 0 to 1, `slots`, `language`, the `model` that says so; the intent `none` when it is not
    sure.
    """

    main: ClassVar[str] = "text"

    text: Annotated[Expression, Meta(description="The text.")]
    model: Annotated[str, Meta(description="Which model.")] = "intent"
    placement: Placement = "auto"
    labels: Annotated[
        tuple[str, ...], Meta(description="What a chat model chooses from; `none` is always one.")
    ] = ()
    language: Annotated[Expression, Meta(description="en, de or zh; recognised when left out.")] = (
        ""
    )

    def compile(self, tools: Tools) -> StepFn:
        """Parse the fields."""
        text_of = tools.expression(self.text, "text")
        language_of = tools.expression(self.language, "language")
        model, labels, path, models = self.model, self.labels, tools.path, tools.ports.models
        asker_of = asker(tools, model, self.placement)

        def classify(scope: Scope) -> Steps:
            text, language = str(text_of(scope)), str(language_of(scope) or "")
            scope.notes(path).inputs = {"model": model, "text": text}
            options = {"labels": labels, "language": language}
            answer = models.classify(model, text, options, asker_of(scope))
            meant: dict[str, Any] = yield from asked(model, answer)
            return meant

        return classify
