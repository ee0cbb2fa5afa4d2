"""The worker process of the intent network: frames in on standard input, out on standard output.

The agent writes `{library}` first and reads `{ready}` or `{failed}`; then requests `{id, classify,
language}` come and are answered in their order. The process ends when its standard input does.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from edge_agent.intents.network import Network
from edge_agent.models.runtime.folder import BrokenFolder
from edge_agent.models.runtime.library import load_runtime
from edge_agent.models.runtime.limits import bound
from edge_agent.models.wire import packed, read_frame


class Job(msgspec.Struct, frozen=True):
    """Which library to serve, of which folder, and with how many bytes of memory at most."""

    folder: str
    library: str
    memory: int | None = None


class Worker:
    """Answers one request after the other until nobody asks any more."""

    def __init__(self, network: Network, out: BinaryIO) -> None:
        self._network = network
        self._out = out

    def serve(self, inbox: BinaryIO) -> None:
        """Read requests, write answers; there is nothing to abort."""
        while (message := read_frame(inbox)) is not None:
            if "classify" in message:
                understood = self._network.understand(message["classify"], message["language"])
                self._out.write(packed({"id": message["id"], "understood": understood}))
                self._out.flush()


def main() -> None:
    """Serve over the standard streams; what native code prints goes to standard error."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    job = msgspec.convert(read_frame(sys.stdin.buffer), Job)
    bound(job.memory)
    said: dict[str, Any] = {"ready": {}}
    try:
        load_runtime()
        network = Network(Path(job.library))
    except (BrokenFolder, ImportError, MemoryError) as error:
        said = {"failed": str(error) or type(error).__name__}
    out.write(packed(said))
    out.flush()
    if "ready" in said:
        Worker(network, out).serve(sys.stdin.buffer)


if __name__ == "__main__":
    main()
