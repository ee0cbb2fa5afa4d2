"""Models made ready before anybody asks, and a look every second at what they take."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import aclosing

from edge_agent.models.desk import Desk
from edge_agent.models.driver import Driver, ModelError
from pipelines.model_names import meant
from schemas.model import ChatRequest
from schemas.settings import ModelSettings

_LOOK_EVERY = 1.0
_HELLO = "Hello!"


class Preparing:
    """Loads and tries the models with `warm_up`, then loads those that `urgent` names.

    `urgent` are the models of pipelines with a high priority; it is asked again by `want`.
    """

    def __init__(
        self, desk: Desk, settings: Mapping[str, ModelSettings], urgent: Callable[[], Iterable[str]]
    ) -> None:
        self._desk = desk
        self._settings = settings
        self._urgent = urgent
        self._warming = self._models(name for name in settings if settings[name].warm_up)
        self._failed: dict[str, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def warming(self) -> str:
        """Which models are not warm yet; empty when all are, or could not be."""
        return f"warming up {', '.join(self._warming)}" if self._warming else ""

    @property
    def problem(self) -> str:
        """Which models could not be made ready, and why."""
        return "; ".join(f"{name}: {reason}" for name, reason in self._failed.items())

    def start(self) -> None:
        """Begin; what is not warm yet is told by `warming`."""
        self._begin(self._warm_up())
        self._begin(self._keep_looking())

    def want(self) -> None:
        """Load the models that are urgent by now."""
        self._begin(self._load_urgent())

    async def stop(self) -> None:
        """End."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _warm_up(self) -> None:
        while self._warming:
            await self._prepare(self._warming[0], tried=True)
            self._warming.pop(0)
        await self._load_urgent()

    async def _load_urgent(self) -> None:
        names = self._models(self._urgent())
        self._desk.room.urgent = frozenset(names)
        for name in names:
            if name not in self._desk.residents.loaded:
                await self._prepare(name, tried=False)

    async def _prepare(self, name: str, *, tried: bool) -> None:
        try:
            async with self._desk.residents.using(self._desk.place(name)) as driver:
                if tried:
                    await _try(driver)
        except (ModelError, LookupError) as error:
            self._failed[name] = str(error.args[0])
        else:
            self._failed.pop(name, None)

    async def _keep_looking(self) -> None:
        while True:
            await self._desk.residents.look()
            await asyncio.sleep(_LOOK_EVERY)

    def _models(self, names: Iterable[str]) -> list[str]:
        """The models that names stand for, each once."""
        return [*dict.fromkeys(model for name in names for model in meant(name, self._settings))]


async def _try(driver: Driver) -> None:
    """Ask something small, so that everything is in memory before it counts."""
    if "classify" in driver.does:
        await driver.classify(_HELLO)
    elif "chat" in driver.does:
        request = ChatRequest(messages=[{"role": "user", "content": _HELLO}], max_tokens=1)
        async with aclosing(driver.chat(request)) as parts:
            async for _ in parts:
                pass
    else:
        await driver.embed([_HELLO])
