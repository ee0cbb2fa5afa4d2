"""Reaching the broker: TCP and TLS off the loop's thread, and words for what goes wrong."""

import asyncio
import socket
import ssl
from pathlib import Path
from typing import Any

from edge_agent.channels.message import ChannelState
from schemas.settings import MqttSettings, TlsSettings

DIAL_TIMEOUT = 5.0


class Dialer:
    """Opens connections as the settings say; paths are relative to the home."""

    def __init__(self, settings: MqttSettings, home: Path) -> None:
        self._settings, self._home = settings, home
        self._host = settings.host or "127.0.0.1"

    async def dial(self, loop: asyncio.AbstractEventLoop) -> Any:
        """A connected, non-blocking socket without Nagle's delay.

        Raises:
            OSError: unreachable, refused, or TLS failed (ssl.SSLError is one).
        """
        return await loop.run_in_executor(None, self._dial)

    def _dial(self) -> Any:
        plain = socket.create_connection((self._host, self._settings.port), DIAL_TIMEOUT)
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            tls = self._settings.tls
            sock = plain if tls is False else self._secure(plain, tls)
            sock.setblocking(False)
        except OSError:
            plain.close()
            raise
        return sock

    def _secure(self, plain: socket.socket, tls: TlsSettings | bool) -> ssl.SSLSocket:
        options = tls if isinstance(tls, TlsSettings) else TlsSettings()
        context = ssl.create_default_context(cafile=self._path(options.ca))
        if options.cert:
            context.load_cert_chain(self._home / options.cert, self._path(options.key))
        context.check_hostname = not options.insecure
        return context.wrap_socket(plain, server_hostname=self._host)

    def _path(self, name: str | None) -> str | None:
        return str(self._home / name) if name else None


def explain(error: OSError, settings: MqttSettings) -> ChannelState:
    """The state after a failed connection."""
    return ChannelState(False, f"{settings.host}:{settings.port}: {error}")
