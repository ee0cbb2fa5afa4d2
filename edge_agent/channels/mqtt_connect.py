"""Reaching the broker: TCP and TLS off the loop's thread, and words for what goes wrong."""

import asyncio
import random
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from msgspec import Struct

from edge_agent.channels.message import ChannelState
from edge_agent.channels.mqtt_wire import MAX_LENGTH
from schemas.settings import MqttSettings, TlsSettings

DIAL_TIMEOUT = 5.0
FIRST_DELAY, LAST_DELAY, LASTING = 0.1, 3.0, 5.0
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


class Terms(Struct, frozen=True):
    """What a broker allows: letters in flight (and while one is of QoS 2), the bytes of a packet,
    and whether it knows subscription identifiers.
    """

    window: int = 1_000
    exact: int = 10
    largest: int = MAX_LENGTH
    numbers: bool = False


def terms(properties: Any, *, v5: bool) -> Terms:
    """The terms of a CONNACK; MQTT 3.1.1 has none to say.

    One place in the window is left for the channel's own messages.
    """
    if not v5:
        return Terms()
    window = max(getattr(properties, "ReceiveMaximum", 65_535) - 1, 1)
    largest = getattr(properties, "MaximumPacketSize", MAX_LENGTH)
    return Terms(
        window, window, largest, getattr(properties, "SubscriptionIdentifierAvailable", 1) == 1
    )


class Dialer:
    """Opens connections as the settings say; paths are relative to the home."""

    def __init__(self, settings: MqttSettings, home: Path) -> None:
        self.at_once = False
        self._settings, self._home = settings, home
        self._host = settings.host or "127.0.0.1"

    async def sockets(self, failed: Callable[[ChannelState], None]) -> AsyncIterator[Any]:
        """Connected, non-blocking sockets without Nagle's delay, one after the other.

        Between attempts pauses grow, with jitter, unless the last connection held for a while or
        `at_once` is set; `failed` is told why there is none.
        """
        loop, delay = asyncio.get_running_loop(), FIRST_DELAY
        while True:
            began = loop.time()
            try:
                sock = await loop.run_in_executor(None, self._dial)
            except OSError as error:
                failed(self._explain(error))
            else:
                yield sock
            if self.at_once:
                self.at_once = False
                continue
            delay = FIRST_DELAY if loop.time() - began > LASTING else min(delay * 2, LAST_DELAY)
            await asyncio.sleep(delay * random.uniform(0.5, 1.0))

    def _explain(self, error: OSError) -> ChannelState:
        """What a failed attempt means, and what to try."""
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


def loss(flags: Any, reason: Any, host: str | None, lasted: float) -> ChannelState:
    """What the end of a connection means that `lasted` so many seconds."""
    if flags.is_disconnect_packet_from_server:
        return refusal(reason, host)
    hint = "if this repeats, another client may have our client id: set `mqtt.client_id`"
    text = "the connection to the broker was lost"
    return ChannelState(False, text, hint if lasted < LASTING else "")
