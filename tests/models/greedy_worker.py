"""A worker that takes as many bytes as it is asked to, and keeps them; it answers nothing."""

import os
import sys
from typing import Any

from edge_agent.models.wire import packed, read_frame

if __name__ == "__main__":
    read_frame(sys.stdin.buffer)
    os.write(1, packed({"ready": {}}))
    kept: list[Any] = []
    while (message := read_frame(sys.stdin.buffer)) is not None:
        kept.append(b"x" * message.get("take", 0))
