"""A gateway served for real, on a free port and a unix socket, in a loop of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
import uvloop

from edge_agent.gateway.start import start
from schemas.settings import GatewaySettings
from tests.disks import small_disk
from tests.gateway.fakes import Parts

__all__ = ["client", "guarded", "site", "small_disk"]

T = TypeVar("T")


class Site:
    """A served gateway, the fakes behind it, and clients that reach it."""

    def __init__(self, home: Path, token: str | None, parts: Callable[[], Parts] = Parts) -> None:
        self.socket = home / "agent.sock"
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.parts = self.call(parts)
        settings = GatewaySettings(port=0, token=token)
        self.entrance = self.call(lambda: start(self.parts.gateway, settings, self.socket))
        self.url = f"http://127.0.0.1:{self.entrance.port}"

    def client(self, **options: Any) -> httpx.Client:
        """A client of the TCP port."""
        return httpx.Client(base_url=self.url, **options)

    def local(self) -> httpx.Client:
        """A client of the unix socket."""
        transport = httpx.HTTPTransport(uds=str(self.socket))
        return httpx.Client(base_url="http://hearth", transport=transport)

    def call(self, function: Callable[[], T]) -> T:
        """Call something on the loop's thread."""

        async def called() -> T:
            return function()

        found: T = self.wait(called())
        return found

    def wait(self, coroutine: Any) -> Any:
        """Run something in the loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(20)

    def begin(self, coroutine: Any) -> None:
        """Run something in the loop beside the test."""
        asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def stop(self) -> None:
        """Stop serving and end the loop."""
        self.wait(self.entrance.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A gateway without a token."""
    site = Site(tmp_path, None)
    yield site
    site.stop()


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Site]:
    """A gateway with the token `s3cret`."""
    site = Site(tmp_path, "s3cret")
    yield site
    site.stop()


@pytest.fixture
def client(site: Site) -> Iterator[httpx.Client]:
    """A client of the gateway without a token."""
    with site.client() as client:
        yield client
