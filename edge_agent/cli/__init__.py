"""The command line `hearth`: one call of it, and how that ends when it is interrupted."""

import os
import sys

INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> int:
    """Run one command line, by default that of this process, and tell its exit code.

    0 done, 1 the user's files or input are wrong, 2 the command line is wrong, 3 something
    outside failed, 130 interrupted.
    """
    code = _called(arguments)
    if code == INTERRUPTED and arguments is None:
        _leave_at_once()
    return code


def _called(arguments: list[str] | None) -> int:
    try:
        from edge_agent.cli.call import called  # here, since Ctrl-C may come while it is imported

        return called(arguments)
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return INTERRUPTED


def _leave_at_once() -> None:
    """End here: libraries and threads that were interrupted halfway would take their time, or
    complain at the interpreter's end."""
    sys.stdout.flush()
    os._exit(INTERRUPTED)
