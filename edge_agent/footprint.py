"""Memory given back once the agent is up: what only starting needed."""

from __future__ import annotations

import atexit
import ctypes
import gc
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

_MAPS = Path("/proc/self/smaps")
_MAPPING = re.compile(
    r"^(?P<start>[0-9a-f]+)-(?P<end>[0-9a-f]+) r-[x-]p \S+ \S+ \d+ .*\.so[.\d]*"
    r"(?:\n[A-Z].*)*?\nAnonymous: +0 kB",
    re.MULTILINE,
)
_MADV_DONTNEED = 4
_LARGE_BYTES = 2**18
# Messages and runs that wait to be recorded are thousands of objects, all of them alive: looked
# through 700 at a time, as Python does it, they cost 3 % of all CPU under load.
_YOUNG_OBJECTS = 20_000


def give_back() -> None:
    """Collect garbage, and hand free heap and clean pages back to the system.

    What lives now is frozen, so that later collections need not look at it, and these are rare.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS)
    atexit.register(gc.unfreeze)  # extension modules want their objects freed at the end
    drop_clean_pages()


def drop_clean_pages() -> None:
    """Hand free heap and the pages of libraries' code and constants back to the system; Linux only.

    Opening DuckDB, and removing what has expired, runs through 29 MB of its code once, a commit
    through half of that. Such pages are the file's: dropped from our memory they come back from
    the page cache when they are needed again (measured: 99 to 65 MB resident; a fault brings 16 of
    them and costs 1 µs).
    """
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None)
    if trim := getattr(libc, "malloc_trim", None):  # musl has none
        trim(0)
    for start, size in _clean_mappings():
        libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(size), _MADV_DONTNEED)


@contextmanager
def no_collections() -> Iterator[None]:
    """Put garbage collection off: with a thousand pipelines one takes 0.4 s in which nothing else
    runs, and compiling them makes enough objects for several."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@cache
def _clean_mappings() -> Sequence[tuple[int, int]]:
    """Address and size of libraries' larger parts that are not writable and never were written to
    (as relocated tables are): the file holds all of them. Looked up once, as reading it takes 7 ms:
    nothing unloads a library, so nothing else ever lies there."""
    found = []
    for mapping in _MAPPING.finditer(_MAPS.read_text()):
        start, end = int(mapping["start"], 16), int(mapping["end"], 16)
        if end - start >= _LARGE_BYTES:
            found.append((start, end - start))
    return found
