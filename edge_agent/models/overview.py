"""All models at a glance: what each is, and how it does."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from edge_agent.models.desk import Desk
from edge_agent.models.shelf import VERSIONS
from pipelines.model_names import meant
from schemas.model_views import ModelView
from schemas.settings import ModelSettings

_PLAIN = ModelSettings()


class Overview:
    """The models of a desk, and the names that stand for them."""

    def __init__(self, desk: Desk, settings: Mapping[str, ModelSettings]) -> None:
        self._desk = desk
        self._settings = settings

    def all(self) -> list[ModelView]:
        """Every model by name."""
        return [self.one(name) for name in self._desk.names()]

    def one(self, name: str) -> ModelView:
        """One of them.

        Raises:
            LookupError: there is none of this name.
        """
        settings = self._settings.get(name, _PLAIN)
        if settings.split or settings.first:
            means = meant(name, self._settings)
            return ModelView(name=name, kind="split" if settings.split else "route", means=means)
        return self._model(name)

    def _model(self, name: str) -> ModelView:
        place, gauge = self._desk.place(name), self._desk.gauges.of(name)
        loaded, line = self._desk.residents.loaded.get(name), self._desk.lines.get(name)
        return ModelView(
            name=name,
            driver=place.settings.driver,
            version=_version(place.folder),
            remote=place.settings.remote,
            loaded=loaded is not None,
            requests=gauge.requests,
            failures=gauge.failures,
            tokens=gauge.tokens,
            running=line.running if line else 0,
            waiting=line.waiting if line else 0,
            memory_bytes=loaded.resident_bytes if loaded else 0,
            **msgspec.structs.asdict(gauge.recent()),
        )


def _version(folder: Path) -> str:
    """The number of a folder on the shelf."""
    return folder.name if VERSIONS in folder.parts else ""
