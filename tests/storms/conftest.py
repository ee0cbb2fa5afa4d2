"""Storms run on uvloop and have more time than other tests."""

import asyncio
import inspect
from collections.abc import Coroutine
from typing import Any

import pytest
import uvloop

from tests.servers import brokers

__all__ = ["brokers"]
STORM_TIMEOUT = 900


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that is a coroutine function."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    wanted = pyfuncitem._fixtureinfo.argnames
    arguments = {name: pyfuncitem.funcargs[name] for name in wanted}
    uvloop.run(_limited(pyfuncitem.obj(**arguments)))
    return True


async def _limited(test: Coroutine[Any, Any, None]) -> None:
    async with asyncio.timeout(STORM_TIMEOUT):
        await test
