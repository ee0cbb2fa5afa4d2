"""The driver `anomaly`: how unusual a sensor's value is, by a forecaster trained on its history."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

import msgspec

from edge_agent.anomaly.forecast import PAST, Forecast
from edge_agent.anomaly.series import SERIES, asked, regular
from edge_agent.models.driver import ModelError, ModelRefused, Place
from edge_agent.models.libraries import check_files, read_manifest
from pipelines.ports import Query
from schemas.anomaly import Judged
from schemas.intent import Understood
from schemas.model import ChatPart, ChatRequest, ModelMetrics

FILE = "forecast.json"


class AnomalyDriver:
    """A forecaster in the agent itself: it is a thousand multiplications, and no native code."""

    does = frozenset({"judge"})

    def __init__(self, place: Place) -> None:
        self._place = place
        self._model: Forecast | None = None

    async def load(self) -> None:
        """Check the folder and read it."""
        folder = self._place.folder
        check_files(folder, read_manifest(folder, self._place.keys))
        try:
            self._model = msgspec.json.decode((folder / FILE).read_bytes(), type=Forecast)
        except (OSError, msgspec.DecodeError) as error:
            raise ModelError(f"{folder / FILE}: {error}") from None

    async def judge(self, query: Query, at: float) -> Judged:
        """How unusual the value at a time is; `query` asks the ledger."""
        model = self._model
        if model is None:
            raise ModelError(f"`{self._place.name}` is not loaded")
        rows = await query(SERIES, asked(model, at, PAST + 1))
        try:
            return model.judge(regular(rows, PAST + 1), at)
        except ValueError as error:
            hours = (PAST + 1) * model.interval / 3600
            what = f"{model.property} of {model.device}"
            raise ModelError(f"{what} in the last {hours:g} h: {error}") from None

    async def classify(self, text: str, language: str = "") -> Understood:
        """It does not read."""
        raise ModelRefused(self._only)

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """It has no vectors."""
        raise ModelRefused(self._only)

    async def chat(self, request: ChatRequest) -> AsyncGenerator[ChatPart, None]:
        """It does not talk."""
        raise ModelRefused(self._only)
        yield

    async def metrics(self) -> ModelMetrics:
        """It takes nothing outside of the agent."""
        return ModelMetrics()

    async def close(self) -> None:
        """Forget it."""
        self._model = None

    @property
    def _only(self) -> str:
        return f"`{self._place.name}` judges a sensor's values and nothing else: step `anomaly`"


def make(place: Place) -> AnomalyDriver:
    """The forecaster in the place's folder."""
    return AnomalyDriver(place)
