"""Tests with a real broker are coroutines on uvloop, as in the storms."""

from tests.storms.conftest import brokers, pytest_pyfunc_call

__all__ = ["brokers", "pytest_pyfunc_call"]
