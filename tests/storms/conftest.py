"""Storms run on uvloop and have more time than other tests."""

import uvloop

from tests.coroutines import coroutine_tests
from tests.servers import brokers

__all__ = ["brokers"]
pytest_pyfunc_call = coroutine_tests(uvloop.run, seconds=900)
