"""The driver `intent`: the model in the box, in a process of its own."""

from __future__ import annotations

import msgspec

from edge_agent.intents.labels import LANGUAGES
from edge_agent.intents.shipped import library_of, runs_here
from edge_agent.models.driver import Driver, ModelRefused, Place
from edge_agent.models.drivers import rules
from edge_agent.models.refusing import InWorker
from edge_agent.models.worker_process import WorkerProcess
from schemas.intent import Understood

_MODULE = "edge_agent.intents.worker"


class IntentDriver(InWorker):
    """The intent network in a worker process."""

    does = frozenset({"classify"})
    only = "understands sentences"

    async def load(self) -> None:
        """Check the library and start the worker."""
        await self._running().start()

    async def classify(self, text: str, language: str = "") -> Understood:
        """What a sentence asks of the home; `none` when it is not sure."""
        known = language[:2].lower()
        if known and known not in LANGUAGES:
            raise ModelRefused(f"`{self._place.name}` knows {', '.join(LANGUAGES)}, not {language}")
        said = text.encode("utf-8", "replace").decode()
        asked = self._running().ask({"classify": said, "language": known})
        frames = [frame async for frame in asked]
        return msgspec.convert(frames[-1]["understood"], Understood)

    def _running(self) -> WorkerProcess:
        if self.worker is None:
            library, memory = library_of(self._place), self._place.machine.memory
            job = {"folder": str(library.parent), "library": str(library), "memory": memory}
            self.worker = WorkerProcess(_MODULE, job)
        return self.worker


def make(place: Place) -> Driver:
    """The driver of a place: rules where the runtime or a library for the processor is missing."""
    return IntentDriver(place) if runs_here(place) else rules.make(place)
