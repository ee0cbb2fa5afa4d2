"""How the server's process ends on a signal: at once while it starts, in good order later."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Iterator

import uvicorn

_CODES = {signal.SIGINT: 130, signal.SIGTERM: 0}
_GRACE_SECONDS = 3.0


def end_at_once_on_signals() -> None:
    """Until it serves there is nothing to finish, and where a KeyboardInterrupt meets Prefect's
    imports and services they answer with tracebacks."""
    for number in _CODES:
        signal.signal(number, lambda number, frame: _leave(number))


class Server(uvicorn.Server):
    """uvicorn that leaves signals to us."""

    ended_by = signal.SIGTERM

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """They have handlers already."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """What fails has been logged; to exit within a task would be one more traceback."""
        try:
            await super().startup(sockets)
        except SystemExit:
            self.should_exit = True

    def end_in_good_order_on_signals(self) -> None:
        """Let a first signal end it once requests under way are answered, a second one at once."""
        loop = asyncio.get_running_loop()
        for number in _CODES:
            loop.add_signal_handler(number, self._end, number)

    def leave(self) -> None:
        """End the process: Prefect's threads would take seconds to."""
        _leave(self.ended_by)

    def _end(self, number: signal.Signals) -> None:
        if self.should_exit:
            _leave(number)
        self.should_exit, self.ended_by = True, number
        asyncio.get_running_loop().call_later(_GRACE_SECONDS, self.leave)


def _leave(number: int) -> None:
    os._exit(_CODES[signal.Signals(number)])
