"""Coroutine tests run on uvloop, as the agent does."""

import uvloop

from tests.coroutines import coroutine_tests

pytest_pyfunc_call = coroutine_tests(uvloop.run, seconds=30)
