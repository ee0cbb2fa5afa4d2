"""The models of a home by name, for pipelines and for the gateway."""

from __future__ import annotations

import importlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from edge_agent.models import tasks
from edge_agent.models.driver import Driver, Machine, ModelBusy, ModelError, ModelRefused, Place
from edge_agent.models.gauges import Gauges, Measured, watch_lines
from edge_agent.models.libraries import MANIFEST
from edge_agent.models.line import Line
from edge_agent.models.residents import Residents
from edge_agent.monitoring.metrics import Metrics
from pipelines.ports import Busy
from schemas.model import NOBODY, Asker, ChatPart, ChatRequest
from schemas.settings import ModelSettings

_OPTIONS = frozenset(ChatRequest.__struct_fields__)


class Turn(NamedTuple):
    """A request whose turn has come: the driver, and what measures it."""

    driver: Driver
    measured: Measured

    async def chat(self, request: ChatRequest) -> AsyncGenerator[ChatPart, None]:
        """The driver's answer, its tokens counted."""
        async with aclosing(self.driver.chat(request)) as parts:
            async for part in parts:
                if part.usage is not None:
                    self.measured.used(part.usage)
                yield part


def make_driver(place: Place) -> Driver:
    """The driver that a model's settings name."""
    module = importlib.import_module(f"edge_agent.models.drivers.{place.settings.driver}")
    driver: Driver = module.make(place)
    return driver


class ModelService:
    """Every model there is (`pipelines.ports.Models`): those of `hearth.yaml`, then the folders.

    `keys` are the public keys whose signatures count.
    """

    def __init__(
        self,
        home: Path,
        settings: Mapping[str, ModelSettings],
        *,
        machine: Machine,
        keys: Sequence[bytes] = (),
        metrics: Metrics | None = None,
        make: Callable[[Place], Driver] = make_driver,
    ) -> None:
        self._home = home
        self._settings = settings
        self._machine = machine
        self.keys = tuple(keys)
        metrics = metrics or Metrics()
        self.gauges = Gauges(metrics)
        self.residents = Residents(make)
        self._lines: dict[str, Line] = {}
        watch_lines(metrics, self._lines)

    def names(self) -> list[str]:
        """The names of all models."""
        folders = (self._home / "models").glob(f"*/{MANIFEST}")
        return sorted({*self._settings, *(path.parent.name for path in folders)})

    async def chat(
        self, model: str, request: ChatRequest, asker: Asker = NOBODY
    ) -> AsyncIterator[ChatPart]:
        """A chat model's answer, piece by piece.

        Raises:
            LookupError: there is no such model.
            ValueError: it cannot do this, or not so.
            Busy: it has too much to do.
            OSError: it failed.
        """
        with _plain_errors():
            async with aclosing(self._chat(model, request, asker)) as parts:
                async for part in parts:
                    yield part

    # ------------------------------------------------------------------ for pipelines
    async def classify(
        self, model: str, text: str, options: Mapping[str, Any], asker: Asker = NOBODY
    ) -> dict[str, Any]:
        """What a text means: intent, confidence, slots, language."""
        language, labels = str(options.get("language", "")), options.get("labels") or []
        with _plain_errors():
            async with self._turn(model, asker) as turn:
                if "classify" in turn.driver.does:
                    found = await turn.driver.classify(text, language)
                else:
                    found = await tasks.choose(
                        turn.chat, text, labels, language=language, priority=asker.priority
                    )
        return {
            "intent": found.intent, "confidence": found.confidence, "slots": found.slots,
            "language": found.language, "more": found.more,
        }  # fmt: skip

    async def generate(
        self,
        model: str,
        messages: Sequence[Mapping[str, Any]],
        options: Mapping[str, Any],
        asker: Asker = NOBODY,
    ) -> dict[str, Any]:
        """A whole answer: text, json, calls, finish, usage."""
        given = {k: v for k, v in options.items() if k in _OPTIONS and v is not None}
        request = ChatRequest(messages=[dict(each) for each in messages], **given)
        with _plain_errors():
            return await tasks.answer(self._chat(model, request, asker), request)

    async def embed(
        self, model: str, texts: Sequence[str], asker: Asker = NOBODY
    ) -> list[list[float]]:
        """A vector for each text."""
        with _plain_errors():
            async with self._turn(model, asker) as turn:
                return await turn.driver.embed(texts)

    # ------------------------------------------------------------------ state
    async def load(self, model: str) -> Driver:
        """Load a model, or once more what its folder holds now.

        Raises:
            LookupError, ModelError: there is no such model, or it does not load.
        """
        await self.residents.swap(self._place(model))
        return self.residents.loaded[model].driver

    async def close(self) -> None:
        """End all of them."""
        await self.residents.close()

    # ------------------------------------------------------------------ inside
    async def _chat(
        self, model: str, request: ChatRequest, asker: Asker
    ) -> AsyncGenerator[ChatPart, None]:
        request = msgspec.structs.replace(request, priority=asker.priority)
        async with self._turn(model, asker) as turn, aclosing(turn.chat(request)) as parts:
            async for part in parts:
                yield part

    @asynccontextmanager
    async def _turn(self, name: str, asker: Asker) -> AsyncIterator[Turn]:
        place = self._place(name)
        with self.gauges.of(name).request() as measured:
            line = self._line(place)
            async with line.turn(asker.priority), self.residents.using(place) as driver:
                yield Turn(driver, measured)

    def _line(self, place: Place) -> Line:
        line = self._lines.get(place.name)
        if line is None:
            settings = place.settings
            line = self._lines[place.name] = Line(settings.sequences, settings.queue)
        return line

    def _place(self, name: str) -> Place:
        settings = self._settings.get(name)
        path = settings.path if settings else ""
        folder = (self._home / (path or f"models/{name}")).resolve()
        if settings is None and not (folder / MANIFEST).exists():
            known = ", ".join(self.names()) or "none"
            raise LookupError(f"there is no model `{name}` (there are: {known})")
        return Place(name, settings or ModelSettings(), folder, self.keys, self._machine)


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Errors of models as `pipelines.ports.Models` has them."""
    try:
        yield
    except ModelRefused as error:
        raise ValueError(str(error)) from None
    except ModelBusy as error:
        raise Busy(str(error), error.seconds) from None
    except ModelError as error:
        raise OSError(str(error)) from None
