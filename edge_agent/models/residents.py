"""The models that are loaded: when first asked, replaced without a lost request, kept or let go."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from edge_agent.models.driver import Driver, ModelError, Place

log = logging.getLogger(__name__)


class Loaded:
    """A driver and how many requests it is at; it is closed when it was replaced and idle.

    `folder` is the version that was in force when it was loaded, `used` when it was last asked
    (monotonic seconds), `resident_bytes` what it took when somebody last looked.
    """

    def __init__(self, driver: Driver, folder: Path) -> None:
        self.driver = driver
        self.folder = folder
        self.users = 0
        self.used = time.monotonic()
        self.replaced = False
        self.following = False
        self.resident_bytes = 0

    async def leave(self) -> None:
        """A request has ended."""
        self.users -= 1
        self.used = time.monotonic()
        if self.replaced and not self.users:
            await self.driver.close()

    async def replace(self) -> None:
        """Close it once nobody uses it any more."""
        self.replaced = True
        if not self.users:
            await self.driver.close()


class Residents:
    """The loaded models by name; `make` makes the driver of a place.

    One is loaded at a time: on a small board two that load together would not fit.
    """

    def __init__(self, make: Callable[[Place], Driver]) -> None:
        self._make = make
        self._loading = asyncio.Lock()
        self.loaded: dict[str, Loaded] = {}

    async def swap(self, place: Place) -> None:
        """Load what a place holds now; requests under way end on what they began with.

        Raises:
            ModelError: it does not load.
        """
        async with self._loading:
            await self._load(place)

    async def close(self) -> None:
        """End all of them."""
        for loaded in self.loaded.values():
            await loaded.driver.close()
        self.loaded.clear()

    @asynccontextmanager
    async def using(self, place: Place) -> AsyncIterator[Driver]:
        """The driver of a place, loaded now if it is not."""
        loaded = await self._current(place)
        loaded.users += 1
        try:
            yield loaded.driver
        finally:
            await loaded.leave()

    async def _current(self, place: Place) -> Loaded:
        loaded = self.loaded.get(place.name)
        if loaded is None:
            async with self._loading:
                if place.name not in self.loaded:
                    await self._load(place)
        elif loaded.folder != place.folder and not loaded.following:
            await self._follow(loaded, place)
        return self.loaded[place.name]

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
            loaded.folder = place.folder
        finally:
            loaded.following = False

    async def _load(self, place: Place) -> None:
        driver = self._make(place)
        fresh = Loaded(driver, place.folder)
        await driver.load()
        old = self.loaded.get(place.name)
        self.loaded[place.name] = fresh
        if old is not None:
            await old.replace()
