"""The models of a home by name: loaded when first asked, replaced without a lost request."""

from __future__ import annotations

import asyncio
import importlib
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from edge_agent.models import tasks
from edge_agent.models.driver import Driver, Machine, ModelError, ModelRefused, Place
from edge_agent.models.libraries import MANIFEST
from schemas.model import ChatPart, ChatRequest, ModelMetrics
from schemas.settings import ModelSettings

_OPTIONS = frozenset(ChatRequest.__struct_fields__)


log = logging.getLogger(__name__)


class Loaded:
    """A driver and how many requests it is at; it is closed when it was replaced and idle.

    `folder` is the version that was in force when it was loaded.
    """

    def __init__(self, driver: Driver, folder: Path) -> None:
        self.driver = driver
        self.folder = folder
        self.users = 0
        self.replaced = False

    async def leave(self) -> None:
        """A request has ended."""
        self.users -= 1
        if self.replaced and not self.users:
            await self.driver.close()


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
    ) -> None:
        self._home = home
        self._settings = settings
        self._machine = machine
        self.keys = tuple(keys)
        self._loaded: dict[str, Loaded] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    def names(self) -> list[str]:
        """The names of all models."""
        folders = (self._home / "models").glob(f"*/{MANIFEST}")
        return sorted({*self._settings, *(path.parent.name for path in folders)})

    async def swap(self, name: str) -> None:
        """Load what a model's folder holds now; requests under way end on what they began with."""
        driver, folder = self._driver(name)
        fresh = Loaded(driver, folder)
        await driver.load()
        old = self._loaded.get(name)
        self._loaded[name] = fresh
        if old is not None:
            old.replaced = True
            if not old.users:
                await old.driver.close()

    def loaded(self, name: str) -> Driver:
        """The driver of a model that was loaded."""
        return self._loaded[name].driver

    async def chat(self, model: str, request: ChatRequest) -> AsyncIterator[ChatPart]:
        """A chat model's answer, piece by piece.

        Raises:
            LookupError: there is no such model.
            ValueError: it cannot do this, or not so.
            OSError: it failed, or is busy.
        """
        async with _plain_errors(), self._using(model) as driver:
            async for part in driver.chat(request):
                yield part

    # ------------------------------------------------------------------ for pipelines
    async def classify(self, model: str, text: str, options: Mapping[str, Any]) -> dict[str, Any]:
        """What a text means: intent, confidence, slots, language."""
        language, labels = str(options.get("language", "")), options.get("labels") or []
        async with _plain_errors(), self._using(model) as driver:
            if "classify" in driver.does:
                found = await driver.classify(text, language)
            else:
                found = await tasks.choose(driver, text, labels, language)
        return {
            "intent": found.intent, "confidence": found.confidence, "slots": found.slots,
            "language": found.language, "more": found.more,
        }  # fmt: skip

    async def generate(
        self, model: str, messages: Sequence[Mapping[str, Any]], options: Mapping[str, Any]
    ) -> dict[str, Any]:
        """A whole answer: text, json, calls, finish, usage."""
        given = {k: v for k, v in options.items() if k in _OPTIONS and v is not None}
        request = ChatRequest(messages=[dict(each) for each in messages], **given)
        async with _plain_errors(), self._using(model) as driver:
            return await tasks.answer(driver, request)

    async def embed(self, model: str, texts: Sequence[str]) -> list[list[float]]:
        """A vector for each text."""
        async with _plain_errors(), self._using(model) as driver:
            return await driver.embed(texts)

    # ------------------------------------------------------------------ state
    async def metrics(self) -> dict[str, ModelMetrics]:
        """How the loaded models do."""
        return {name: await each.driver.metrics() for name, each in self._loaded.items()}

    async def close(self) -> None:
        """End all of them."""
        for loaded in self._loaded.values():
            await loaded.driver.close()
        self._loaded.clear()

    @asynccontextmanager
    async def _using(self, name: str) -> AsyncIterator[Driver]:
        async with self._locks.setdefault(name, asyncio.Lock()):
            loaded = self._loaded.get(name)
            if loaded is None:
                await self.swap(name)
            elif loaded.folder != self._folder(name):
                await self._follow(name, loaded)
            loaded = self._loaded[name]
            loaded.users += 1
        try:
            yield loaded.driver
        finally:
            await loaded.leave()

    async def _follow(self, name: str, loaded: Loaded) -> None:
        """Another version was put in force: load it; one that does not load is told once."""
        folder = self._folder(name)
        try:
            await self.swap(name)
        except ModelError as error:
            log.warning("the model's new version is not used", extra={"reason": str(error)})
            loaded.folder = folder

    def _folder(self, name: str) -> Path:
        settings = self._settings.get(name, ModelSettings())
        return (self._home / (settings.path or f"models/{name}")).resolve()

    def _driver(self, name: str) -> tuple[Driver, Path]:
        settings, folder = self._settings.get(name), self._folder(name)
        if settings is None and not (folder / MANIFEST).exists():
            known = ", ".join(self.names()) or "none"
            raise LookupError(f"there is no model `{name}` (there are: {known})")
        settings = settings or ModelSettings()
        place = Place(name, settings, folder, self.keys, self._machine)
        module = importlib.import_module(f"edge_agent.models.drivers.{settings.driver}")
        driver: Driver = module.make(place)
        return driver, folder


@asynccontextmanager
async def _plain_errors() -> AsyncIterator[None]:
    """Errors of models as `pipelines.ports.Models` has them."""
    try:
        yield
    except ModelRefused as error:
        raise ValueError(str(error)) from None
    except ModelError as error:
        raise OSError(str(error)) from None
