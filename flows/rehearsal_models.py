"""Models in a rehearsal: they answer as the test says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.ports import Query
from schemas.model import Asker

_CLASSIFIED = {"intent": "none", "confidence": 0.0, "slots": {}, "language": ""}
_GENERATED: dict[str, Any] = {
    "text": "", "json": None, "calls": [], "finish": "stop", "usage": {}, "confidence": None,
}  # fmt: skip
_JUDGED = {"score": 0.0, "expected": None, "value": None}


class StubbedModels:
    """Models by name, each with the answer it always gives (`pipelines.ports.Models`)."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self._answers = answers

    async def classify(
        self, model: str, text: str, options: Mapping[str, Any], asker: Asker
    ) -> dict[str, Any]:
        """The stub's keys over a sentence that nobody understood; a text alone is the intent."""
        said = self._answer(model)
        given = said if isinstance(said, Mapping) else {"intent": said}
        return {**_CLASSIFIED, "model": model, **given}

    async def generate(
        self,
        model: str,
        messages: Sequence[Mapping[str, Any]],
        options: Mapping[str, Any],
        asker: Asker,
    ) -> dict[str, Any]:
        """A text alone is the text; a mapping without the keys of an answer is its JSON."""
        said, empty = self._answer(model), {**_GENERATED, "model": model}
        if isinstance(said, Mapping) and not said.keys() & _GENERATED.keys():
            return {**empty, "json": dict(said)}
        return {**empty, **(said if isinstance(said, Mapping) else {"text": str(said)})}

    async def embed(self, model: str, texts: Sequence[str], asker: Asker) -> list[list[float]]:
        """The stub's vector for each text."""
        vector = [float(value) for value in self._answer(model)]
        return [vector for _ in texts]

    async def judge(self, model: str, query: Query, at: float, asker: Asker) -> dict[str, Any]:
        """The stub's keys over a value as it was expected; a number alone is the score."""
        said = self._answer(model)
        return {**_JUDGED, **(said if isinstance(said, Mapping) else {"score": float(said)})}

    def _answer(self, model: str) -> Any:
        if model not in self._answers:
            raise LookupError("no stub answers for it")
        return self._answers[model]
