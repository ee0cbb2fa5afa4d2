"""The worker process of the intent network: frames in on standard input, out on standard output.

The agent writes `{library}` first and reads `{ready}` or `{failed}`; then requests `{id, classify,
language}` come and are answered in their order. The process ends when its standard input does.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import BinaryIO

import msgspec

from edge_agent.intents.network import Network
from edge_agent.models.begin import begin, failed, say
from edge_agent.models.runtime.folder import BrokenFolder
from edge_agent.models.runtime.library import load_runtime
from edge_agent.models.wire import read_frame


class Job(msgspec.Struct, frozen=True):
    """Which library to serve, of which folder."""

    folder: str
    library: str


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
                say(self._out, {"id": message["id"], "understood": understood})


def main() -> None:
    """Serve over the standard streams."""
    given, out = begin()
    job = msgspec.convert(given, Job)
    try:
        load_runtime()
        network = Network(Path(job.library))
    except (BrokenFolder, ImportError, MemoryError) as error:
        return say(out, failed(error))
    say(out, {"ready": {}})
    Worker(network, out).serve(sys.stdin.buffer)


if __name__ == "__main__":
    main()
