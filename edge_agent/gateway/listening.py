"""The addresses of the gateway: a TCP port and the agent's socket, bound and listening."""

from __future__ import annotations

import errno
import os
import socket
import stat
from pathlib import Path

_NO_ROOM = (errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EACCES)


def bind_port(host: str, port: int) -> socket.socket:
    """A listening address; another port when this one is busy."""
    family, *_, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    try:
        return socket.create_server(address[:2], family=family)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        return socket.create_server((address[0], 0), family=family)


def bind_socket(path: Path) -> socket.socket:
    """A socket file that only its owner can open; one left behind by a dead agent is removed.

    Raises:
        OSError: another agent answers on it, or something else lies there.
    """
    _remove_stale(path)
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        os.fchmod(bound.fileno(), 0o600)  # on Linux the file is born with this mode
        bound.bind(str(path))
        path.chmod(0o600)
        bound.listen()
    except OSError as error:
        bound.close()
        raise OSError(error.errno or 0, f"cannot listen on {path}: {error}") from error
    return bound


def socket_if_room(path: Path) -> socket.socket | None:
    """`bind_socket`, or None while the folder takes no file: an agent acts without it all the same.

    Raises:
        OSError: another agent answers on it, or something else lies there.
    """
    try:
        return bind_socket(path)
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        return None


def _remove_stale(path: Path) -> None:
    if not path.exists():
        return
    if not stat.S_ISSOCK(path.stat().st_mode):
        raise FileExistsError(errno.EEXIST, f"{path} is no socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise OSError(errno.EADDRINUSE, f"another agent listens on {path}")
