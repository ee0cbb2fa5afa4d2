"""The step `anomaly`: how unusual a sensor's value is."""

from typing import Annotated, ClassVar

from msgspec import Meta

from flows.models import asked, asker
from pipelines.registry import step
from pipelines.scope import Scope
from pipelines.step import Step, StepFn, Steps
from pipelines.tools import Tools


@step
class Anomaly(Step, frozen=True):
    """Ask how unusual a sensor's newest value is.

    The model was trained on the sensor's own history (`hearth models train NAME --device …
    --property …`). It forecasts the value from those before it, the time of day and of the week.
    Result: `score`, the share of its usual errors that this one exceeds, from 0 to 1; `anomalous`,
    the `expected` value and the `value` itself, a mean over the model's interval.
    """

    main: ClassVar[str] = "model"

    model: Annotated[str, Meta(description="Which model.")]
    above: Annotated[
        float, Meta(ge=0, lt=1, description="The score that is `anomalous` when exceeded.")
    ] = 0.995

    def compile(self, tools: Tools) -> StepFn:
        """Look the model up."""
        model, above, path = self.model, self.above, tools.path
        models, query = tools.ports.models, tools.ports.outside.query
        now, asker_of = tools.ports.clock.now, asker(tools, model, "auto")

        def anomaly(scope: Scope) -> Steps:
            scope.notes(path).inputs = {"model": model}
            judged = yield from asked(model, models.judge(model, query, now(), asker_of(scope)))
            return {**judged, "anomalous": judged["score"] > above}

        return anomaly
