"""Coroutine tests run on uvloop, as the agent does."""

import uvloop

from tests.coroutines import coroutine_tests
from tests.disks import small_disk
from tests.servers import brokers, certificates, mosquitto

__all__ = ["brokers", "certificates", "mosquitto", "small_disk"]
pytest_pyfunc_call = coroutine_tests(uvloop.run, seconds=60)
