"""Watching a socket on the loop, errors included."""

import asyncio
import select
from collections.abc import Callable


class SocketWatch:
    """Calls `ready` when a socket can be read, has failed, or (if `writes`) takes more bytes.

    uvloop stops watching a file descriptor without a word when the peer resets the connection
    (libuv turns POLLERR into an error of its handle), so on Linux the loop watches an epoll that
    watches the socket: that one only ever becomes readable.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, fd: int, ready: Callable[[], object]
    ) -> None:
        self._loop, self._fd, self._ready = loop, fd, ready
        self._epoll = select.epoll() if hasattr(select, "epoll") else None
        if self._epoll is None:
            loop.add_reader(fd, ready)
        else:
            self._epoll.register(fd, select.EPOLLIN)
            loop.add_reader(self._epoll.fileno(), ready)

    def writes(self, wanted: bool) -> None:
        """Whether room for more bytes counts too."""
        if self._epoll is not None:
            self._epoll.modify(self._fd, select.EPOLLIN | (select.EPOLLOUT if wanted else 0))
        elif wanted:
            self._loop.add_writer(self._fd, self._ready)
        else:
            self._loop.remove_writer(self._fd)

    def close(self) -> None:
        """Stop watching; the socket must still be open."""
        if self._epoll is None:
            self._loop.remove_reader(self._fd)
        else:
            self._loop.remove_reader(self._epoll.fileno())
            self._epoll.close()
