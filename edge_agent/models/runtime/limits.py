"""What keeps a worker from taking the machine's memory with it."""

from __future__ import annotations

import contextlib
import resource
from pathlib import Path

_PROMISED_BYTES = 1 << 30  # stacks, arenas and workspaces nobody touches: 340 MB for a small model
_FIRST_TO_GO = "800"


def bound(memory: int | None) -> None:
    """Refuse allocations far beyond so many bytes, and be the first to go when memory is short.

    What the process really takes is looked at from outside (`worker_process.py`): the kernel can
    only limit what is promised, which is several times as much.
    """
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_FIRST_TO_GO)
    if memory is not None:
        most = memory + _PROMISED_BYTES
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
