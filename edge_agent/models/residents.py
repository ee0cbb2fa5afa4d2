"""The models that are loaded: when first asked, replaced without a lost request, let go."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

from edge_agent.models.driver import Driver, ModelBusy, ModelError, Place

log = logging.getLogger(__name__)

_LOOK_SECONDS = 1.0


class Loaded:
    """A driver and how many requests it is at; it is closed when it was replaced and idle.

    `place` is what it was made of, `folder` the version that was last seen in force, `used` when it
    was last asked (monotonic seconds), `resident_bytes` what it took when somebody last looked.
    """

    def __init__(self, driver: Driver, place: Place) -> None:
        self.driver = driver
        self.place = place
        self.folder: Path = place.folder
        self.users = 0
        self.used = time.monotonic()
        self.following = False
        self.resident_bytes = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._replaced = False

    def enter(self) -> None:
        """A request begins."""
        self.users += 1
        self._idle.clear()

    async def leave(self) -> None:
        """A request has ended."""
        self.users -= 1
        self.used = time.monotonic()
        if not self.users:
            self._idle.set()
            if self._replaced:
                await self.driver.close()

    async def replace(self) -> None:
        """Close it once nobody uses it any more."""
        self._replaced = True
        if not self.users:
            await self.driver.close()

    async def end(self) -> None:
        """Wait until nobody uses it any more, and close it."""
        await self._idle.wait()
        await self.driver.close()

    async def look(self) -> None:
        """See what it takes; a driver that is too busy to say is asked the next time."""
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                self.resident_bytes = (await self.driver.metrics()).resident_bytes
        except (TimeoutError, ModelError):
            pass


class Space(Protocol):
    """The memory of all models (`room.Room`)."""

    def needed(self, place: Place) -> int:
        """What a model takes."""

    def going(self, loaded: dict[str, Loaded], needed: int, name: str = "") -> list[str]:
        """Who must go for it."""

    def took(self, place: Place, resident_bytes: int) -> None:
        """Remember what a model really takes."""


class Residents:
    """The loaded models by name; `make` makes the driver of a place, `space` is what they share.

    One is loaded at a time: on a small board two that load together would not fit.
    """

    def __init__(self, make: Callable[[Place], Driver], space: Space) -> None:
        self._make = make
        self._space = space
        self._loading = asyncio.Lock()
        self._first: dict[str, asyncio.Task[None]] = {}
        self.loaded: dict[str, Loaded] = {}

    async def swap(self, place: Place) -> None:
        """Load what a place holds now; requests under way end on what they began with.

        Raises:
            ModelError: it does not load.
        """
        async with self._loading:
            await self._load(place)

    async def look(self) -> None:
        """See what the models take, and let idle ones go where it is too much."""
        for loaded in list(self.loaded.values()):
            await loaded.look()
        if self._loading.locked():
            return
        async with self._loading:
            await self._let_go(self._space.going(self.loaded, 0))

    async def close(self) -> None:
        """End all of them."""
        under_way = [*self._first.values()]
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        for loaded in self.loaded.values():
            await loaded.driver.close()
        self.loaded.clear()

    @asynccontextmanager
    async def using(self, place: Place) -> AsyncIterator[Driver]:
        """The driver of a place, loaded now if it is not."""
        loaded = await self._current(place)
        loaded.enter()
        try:
            yield loaded.driver
        finally:
            await loaded.leave()

    async def _current(self, place: Place) -> Loaded:
        loaded = self.loaded.get(place.name)
        if loaded is not None and loaded.folder != place.folder and not loaded.following:
            await self._follow(loaded, place)
        while (loaded := self.loaded.get(place.name)) is None:
            await asyncio.shield(self._first_load(place))
        return loaded

    def _first_load(self, place: Place) -> asyncio.Task[None]:
        """The load that all who ask wait for; who gives up does not end it, or a model that takes
        longer than their patience would never be there."""
        if (task := self._first.get(place.name)) is None:
            task = self._first[place.name] = asyncio.create_task(self._load_first(place))
            task.add_done_callback(lambda done: self._loaded_first(place.name, done))
        return task

    async def _load_first(self, place: Place) -> None:
        async with self._loading:
            if place.name not in self.loaded:
                await self._load(place)

    def _loaded_first(self, name: str, done: asyncio.Task[None]) -> None:
        del self._first[name]
        if not done.cancelled() and (error := done.exception()) is not None:
            log.info("a model was not loaded", extra={"model": name, "reason": str(error)})

    async def _follow(self, loaded: Loaded, place: Place) -> None:
        """Another version was put in force: load it, others are served by the former meanwhile.

        One that does not load is told once.
        """
        loaded.following = True
        try:
            async with self._loading:
                await self._load(place)
        except ModelError as error:
            log.warning("the model's new version is not used", extra={"reason": str(error)})
            if (former := self.loaded.get(place.name)) is not None:
                former.folder = place.folder
        finally:
            loaded.following = False

    async def _load(self, place: Place) -> None:
        old = self.loaded.get(place.name)
        try:
            fresh = await self._beside(place)
        except ModelBusy:
            if old is None:
                raise
            fresh = await self._instead(place, old)
            old = None
        self.loaded[place.name] = fresh
        if old is not None:
            await old.replace()

    async def _beside(self, place: Place) -> Loaded:
        """Loaded beside what there is, without those who must go for it."""
        needed = self._space.needed(place)
        await self._let_go(self._space.going(self.loaded, needed, place.name))
        loaded = Loaded(self._make(place), place)
        try:
            await loaded.driver.load()
        except BaseException:  # cancelled, too: no process stays behind
            await loaded.driver.close()
            raise
        await loaded.look()
        self._space.took(place, loaded.resident_bytes)
        return loaded

    async def _instead(self, place: Place, old: Loaded) -> Loaded:
        """Loaded where two do not fit: requests wait meanwhile, and get the old one if it fails."""
        del self.loaded[place.name]
        await old.end()
        try:
            return await self._beside(place)
        except ModelError:
            self.loaded[place.name] = await self._beside(old.place)
            raise

    async def _let_go(self, names: list[str]) -> None:
        for name in names:
            log.info("a model is unloaded for another", extra={"model": name})
            await self.loaded.pop(name).replace()
