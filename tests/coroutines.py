"""Tests that are coroutine functions, run with a limit of time."""

import asyncio
import inspect
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

Hook = Callable[[pytest.Function], bool | None]


def coroutine_tests(run: Callable[[Coroutine[Any, Any, None]], None], *, seconds: float) -> Hook:
    """The hook `pytest_pyfunc_call` of a conftest: `run` runs each coroutine test."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
        """Run a test that is a coroutine function."""
        if not inspect.iscoroutinefunction(pyfuncitem.obj):
            return None
        wanted = pyfuncitem._fixtureinfo.argnames
        arguments = {name: pyfuncitem.funcargs[name] for name in wanted}
        run(_limited(pyfuncitem.obj(**arguments), seconds))
        return True

    return pytest_pyfunc_call


async def _limited(test: Coroutine[Any, Any, None], seconds: float) -> None:
    async with asyncio.timeout(seconds):
        await test
