"""The standard streams where they are closed, or nobody reads them."""

import os
import sys
from pathlib import Path

NOWHERE = Path(os.devnull)


def open_closed() -> None:
    """Let a stream that the caller has closed (`>&-`) lead nowhere."""
    sys.stdin = sys.stdin or NOWHERE.open(encoding="utf-8")
    sys.stdout = sys.stdout or NOWHERE.open("w", encoding="utf-8")
    sys.stderr = sys.stderr or NOWHERE.open("w", encoding="utf-8")


def nobody_reads() -> None:
    """The output's reader has gone (`| head`): what is still to be written leads nowhere, so that
    the end of the process does not stumble over it."""
    os.dup2(os.open(NOWHERE, os.O_WRONLY), sys.stdout.fileno())
