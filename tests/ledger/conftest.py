"""Coroutine tests, and a disk small enough to fill."""

import asyncio

from tests.coroutines import coroutine_tests
from tests.disks import SmallDisk, small_disk

__all__ = ["SmallDisk", "small_disk"]
pytest_pyfunc_call = coroutine_tests(asyncio.run, seconds=60)
