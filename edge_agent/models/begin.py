"""How a worker process begins: its job, its memory, and where its answers go."""

from __future__ import annotations

import os
import sys
from typing import Any, BinaryIO

from edge_agent.models.runtime.limits import bound
from edge_agent.models.wire import packed, read_frame


def begin() -> tuple[dict[str, Any], BinaryIO]:
    """The job, which stands first on standard input, and the stream for frames to the agent; what
    native code prints goes to standard error. No more than the bytes of the job's `memory` can be
    taken."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    job = read_frame(sys.stdin.buffer) or {}
    bound(job.get("memory"))
    return job, out


def say(out: BinaryIO, frame: dict[str, Any]) -> None:
    """Write a frame at once."""
    out.write(packed(frame))
    out.flush()


def failed(error: Exception) -> dict[str, Any]:
    """The frame of a worker that cannot serve."""
    return {"failed": str(error) or type(error).__name__}
