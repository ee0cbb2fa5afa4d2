"""The driver `anomaly`: how unusual a sensor's value is, by a forecaster trained on its history."""

from __future__ import annotations

import msgspec

from edge_agent.anomaly.forecast import PAST, Forecast
from edge_agent.anomaly.series import SERIES, asked, regular
from edge_agent.models.driver import ModelError, Place
from edge_agent.models.libraries import check_files, read_manifest
from edge_agent.models.refusing import Refusing
from pipelines.ports import Query
from schemas.anomaly import Judged

FILE = "forecast.json"


class AnomalyDriver(Refusing):
    """A forecaster in the agent itself: it is a thousand multiplications, and no native code."""

    does = frozenset({"judge"})
    only = "judges a sensor's values (step `anomaly`)"
    _model: Forecast | None = None

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

    async def close(self) -> None:
        """Forget it."""
        self._model = None


def make(place: Place) -> AnomalyDriver:
    """The forecaster in the place's folder."""
    return AnomalyDriver(place)
