"""Reaching the broker: TCP and TLS off the loop's thread, and words for what goes wrong."""

import asyncio
import socket
import ssl
from pathlib import Path
from typing import Any

from edge_agent.channels.message import ChannelState
from schemas.settings import MqttSettings, TlsSettings

DIAL_TIMEOUT = 5.0
UNSUPPORTED_VERSION = 132
_REFUSALS = {
    132: 'set `mqtt.version: "3.1.1"`',
    133: "set another `mqtt.client_id`",
    134: "check `mqtt.username` and `mqtt.password`",
    135: "check `mqtt.username` and `mqtt.password`, and what the broker allows this user",
    142: "another client uses the same client id: set `mqtt.client_id` or `agent.name`",
    149: "the broker does not take packets this large",
    147: "the broker allows fewer messages in flight than it said",
}


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

    def explain(self, error: OSError) -> ChannelState:
        """What a failed `dial` means, and what to try."""
        host, port = self._host, self._settings.port
        if isinstance(error, ssl.SSLCertVerificationError):
            return ChannelState(
                False,
                f"the certificate of {host} is not accepted: {error.verify_message}",
                "set `mqtt.tls.ca` to the CA's certificate; if only the host name differs, "
                "`mqtt.tls.insecure: true`",
            )
        if isinstance(error, ssl.SSLError):
            return ChannelState(
                False,
                f"TLS with {host}:{port} failed: {error.strerror}",
                f"does port {port} speak TLS? 8883 is usual; check `mqtt.tls.cert` and `key`",
            )
        if isinstance(error, socket.gaierror):
            return ChannelState(
                False, f"no host is called {host}", "check `mqtt.host`, or write its IP address"
            )
        if isinstance(error, ConnectionRefusedError):
            return ChannelState(
                False,
                f"{host}:{port} refused the connection",
                "is the broker running there? 1883 is usual, 8883 with TLS",
            )
        if isinstance(error, FileNotFoundError | PermissionError):
            return ChannelState(False, str(error), "check the paths under `mqtt.tls`")
        return ChannelState(
            False, f"{host}:{port} does not answer: {error}", "check `mqtt.host` and `mqtt.port`"
        )

    def _dial(self) -> Any:
        tls = self._settings.tls
        context = None if tls is False else self._context(tls)
        plain = socket.create_connection((self._host, self._settings.port), DIAL_TIMEOUT)
        sock: socket.socket = plain
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if context is not None:
                sock = self._secure(plain, context)
            sock.setblocking(False)
        except OSError:
            plain.close()
            raise
        return sock

    def _secure(self, plain: socket.socket, context: ssl.SSLContext) -> ssl.SSLSocket:
        try:
            return context.wrap_socket(plain, server_hostname=self._host)
        except ConnectionError as error:
            raise ssl.SSLError(0, f"the broker hung up during the handshake ({error})") from error

    def _context(self, tls: TlsSettings | bool) -> ssl.SSLContext:
        options = tls if isinstance(tls, TlsSettings) else TlsSettings()
        context = ssl.create_default_context(cafile=self._file(options.ca))
        context.check_hostname = not options.insecure
        if cert := self._file(options.cert):
            context.load_cert_chain(cert, self._file(options.key))
        return context

    def _file(self, name: str | None) -> str | None:
        if name is None:
            return None
        with (path := self._home / name).open("rb"):  # ssl's own error does not name the file
            return str(path)


def refusal(reason: Any, host: str | None) -> ChannelState:
    """What the broker's reason for ending a connection means, and what to try."""
    return ChannelState(
        False, f"the broker {host or ''} says: {reason}", _REFUSALS.get(reason.value, "")
    )
