"""Private functions are replaced only while they are those we know."""

import subprocess
import sys
from types import SimpleNamespace

from flows.prefect.server.fitting import put_in

TAMED = """
import logging
logging.basicConfig(level=logging.WARNING)
from flows.prefect.server.tame import tame_sqlite
tame_sqlite()
"""


async def _theirs(session: object, events: list[int]) -> str:
    return f"theirs: {session} {events}"


async def _ours(session: object, events: list[int]) -> str:
    return f"ours: {session} {events}"


async def _other(session: object, events: list[int], /, *, batch: int) -> str:
    return f"other: {session} {events} {batch}"


async def test_a_function_that_takes_the_same_is_replaced() -> None:
    library = SimpleNamespace(write=_theirs)
    put_in(library, "write", _ours)
    assert await library.write("s", [1]) == "ours: s [1]"


def test_one_that_takes_something_else_stays() -> None:
    library = SimpleNamespace(write=_other)
    put_in(library, "write", _ours)
    assert library.write is _other


def test_one_that_is_not_there_is_not_invented_and_ours_may_be_missing_too() -> None:
    library = SimpleNamespace(write=_theirs)
    put_in(library, "write_all", _ours)
    put_in(library, "write", None)
    assert vars(library) == {"write": _theirs}


def test_all_that_we_replace_in_the_installed_prefect_fits() -> None:
    done = subprocess.run([sys.executable, "-c", TAMED], capture_output=True, text=True, check=True)
    assert done.stderr == ""
