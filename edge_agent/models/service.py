"""The models of a home by name, for pipelines and for the gateway."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import Any

import msgspec

from edge_agent.models import tasks
from edge_agent.models.asking import Asking
from edge_agent.models.choosing import Choice, Choosing, Route
from edge_agent.models.desk import Desk, make_driver
from edge_agent.models.driver import Driver, Machine, ModelBusy, ModelError, ModelRefused, Place
from edge_agent.models.overview import Overview
from edge_agent.models.preparing import Preparing
from edge_agent.monitoring.metrics import Metrics
from pipelines.model_names import meant
from pipelines.ports import Busy, Query
from schemas.model import NOBODY, Asker, ChatPart, ChatRequest
from schemas.model_views import ModelView
from schemas.settings import ModelSettings

_OPTIONS = frozenset(ChatRequest.__struct_fields__)


class ModelService:
    """Every model there is (`pipelines.ports.Models`, `edge_agent.gateway.ports.Models`).

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
        self.keys = tuple(keys)
        metrics = metrics or Metrics()
        self.desk = Desk(home, settings, machine=machine, keys=keys, metrics=metrics, make=make)
        self._settings = settings
        self._choosing = Choosing(settings)
        self.preparing = Preparing(self.desk, settings, tuple)
        self._overview = Overview(self.desk, settings)
        self._chosen = metrics.counters(
            "hearthflow_model_choices_total",
            "Whom a name that stands for several models meant, and why a larger one was asked.",
            "model",
            "chosen",
            "reason",
        )

    def names(self) -> list[str]:
        """The names of all models."""
        return self.desk.names()

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
            asking, choice = self._asking(model, asker)
            async with aclosing(asking.chat(choice, request)) as parts:
                async for part in parts:
                    yield part

    # ------------------------------------------------------------------ for pipelines
    async def classify(
        self, model: str, text: str, options: Mapping[str, Any], asker: Asker = NOBODY
    ) -> dict[str, Any]:
        """What a text means: intent, confidence, slots, language, and the model that says so."""
        language, labels = str(options.get("language", "")), options.get("labels") or []
        with _plain_errors():
            asking, choice = self._asking(model, asker)
            answered, found = await asking.classify(choice, text, labels, language)
        return {
            "intent": found.intent, "confidence": found.confidence, "slots": found.slots,
            "language": found.language, "more": found.more, "model": answered,
        }  # fmt: skip

    async def generate(
        self,
        model: str,
        messages: Sequence[Mapping[str, Any]],
        options: Mapping[str, Any],
        asker: Asker = NOBODY,
    ) -> dict[str, Any]:
        """A whole answer: text, json, calls, finish, usage, confidence, model."""
        given = {k: v for k, v in options.items() if k in _OPTIONS and v is not None}
        request = ChatRequest(messages=[dict(each) for each in messages], **given)
        with _plain_errors():
            asking, choice = self._asking(model, asker)
            return await tasks.answer(asking.chat(choice, request), request)

    async def embed(
        self, model: str, texts: Sequence[str], asker: Asker = NOBODY
    ) -> list[list[float]]:
        """A vector for each text, of one model: those of several cannot be compared."""
        if len(means := meant(model, self._settings)) > 1:
            raise ValueError(f"`{model}` is {' and '.join(means)}; vectors are asked of one alone")
        with _plain_errors():
            asking, choice = self._asking(model, asker)
            assert isinstance(choice, str)
            return await asking.embed(choice, texts)

    async def judge(
        self, model: str, query: Query, at: float, asker: Asker = NOBODY
    ) -> dict[str, Any]:
        """How unusual a sensor's value is: score, expected, value."""
        with _plain_errors():
            asking, choice = self._asking(model, asker)
            if isinstance(choice, Route):
                raise ModelRefused("one model judges a sensor, not one after the other")
            return msgspec.structs.asdict(await asking.judge(choice, query, at))

    # ------------------------------------------------------------------ state
    def all(self) -> list[ModelView]:
        """Every model, and how it does."""
        return self._overview.all()

    def one(self, model: str) -> ModelView:
        """One of them.

        Raises:
            LookupError: there is no such model.
        """
        return self._overview.one(model)

    async def load(self, model: str) -> Driver:
        """Load a model, or once more what its folder holds now.

        Raises:
            LookupError, ModelError: there is no such model, or it does not load.
        """
        if (means := meant(model, self._settings)) != [model]:
            raise ModelRefused(f"`{model}` stands for {', '.join(means)}: name one of them")
        await self.desk.residents.swap(self.desk.place(model))
        return self.desk.residents.loaded[model].driver

    def prepare(self, urgent: Callable[[], Iterable[str]]) -> None:
        """Make models ready before they are asked; `urgent` are those that should be loaded."""
        self.preparing = Preparing(self.desk, self._settings, urgent)
        self.preparing.start()

    async def close(self) -> None:
        """End all of them."""
        await self.preparing.stop()
        await self.desk.residents.close()

    # ------------------------------------------------------------------ inside
    def _asking(self, model: str, asker: Asker) -> tuple[Asking, Choice]:
        choice = self._choosing.choice(model, asker)
        if isinstance(choice, str) and choice != model:
            self._chosen.labels(model, choice, "share").inc()
        return Asking(self.desk, asker, self._count), choice

    def _count(self, route: Route, reason: str) -> None:
        then = route.then if isinstance(route.then, str) else route.then.name
        self._chosen.labels(route.name, then, reason).inc()


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
