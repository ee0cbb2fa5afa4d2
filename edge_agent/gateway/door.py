"""The door: who may come in at all, decided before the application sees the request."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

import msgspec
from litestar.enums import ScopeType
from litestar.exceptions import ClientException
from litestar.types import ASGIApp, Receive, ReceiveMessage, Scope, Send

from edge_agent.gateway.problems import MEDIA_TYPE, details
from edge_agent.monitoring.metrics import Counters
from edge_agent.security.address import host_of, is_loopback
from edge_agent.security.authorise import Principal
from edge_agent.security.token import Brake, Token

OPEN_PATHS = frozenset({"/healthz"})
BODY_SECONDS = 20.0
SLASH = "%2F"
"""How a slash inside one segment of a path (a device's name) reaches the routes."""
_CHALLENGE = 'Bearer realm="hearthflow", Basic realm="hearthflow", charset="UTF-8"'
_MOST_HELD = 64
_ENCODED_SLASH = re.compile(rb"%2f", re.IGNORECASE)


class SocketDoor:
    """The door of `data/agent.sock`: whoever can open the file is the owner of the home."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._owner = Principal("owner", "socket")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request in."""
        scope["user"] = self._owner
        _keep_slashes(scope)
        await self._app(scope, receive, send)


class Door:
    """The door of the TCP port.

    With a token: every request but `/healthz` carries it. Without one: only requests that name
    this machine as their host (a page that rebinds its DNS name does not). Either way pages of
    other origins are refused wherever a browser adds credentials on its own.
    """

    def __init__(self, app: ASGIApp, token: str | None, refused: Counters) -> None:
        self._app = app
        self._token = Token(token) if token else None
        self._caller = Principal("token", "token") if token else Principal("local", "loopback")
        self._refused = refused
        self._brake = Brake(asyncio.get_running_loop().time)
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request in, or answer it here."""
        if scope["type"] != ScopeType.HTTP:
            return
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        if reason := self._stranger(scope["path"], headers):
            self._refused.labels("origin").inc()
            return await _answer(send, 403, reason)
        if not self._known(scope["path"], headers):
            return await self._turn_away(send, asked=b"authorization" in headers)
        scope["user"] = self._caller
        _keep_slashes(scope)
        await self._app(scope, _Patient(receive), send)

    def _stranger(self, path: str, headers: Mapping[bytes, str]) -> str:
        """Why a browser must not have sent this; empty when it may."""
        host = headers.get(b"host", "")
        if self._token is None and not is_loopback(host_of(host)):
            return f"the host `{host}` is not this machine: use http://127.0.0.1, or set a token"
        if headers.get(b"authorization", "").lower().startswith("bearer "):
            return ""  # no browser adds it on its own
        origin = headers.get(b"origin")
        if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
            return f"pages of `{origin}` may not call this agent"
        return "" if _same_site(path, headers) else "pages of other sites may not call this agent"

    def _known(self, path: str, headers: Mapping[bytes, str]) -> bool:
        if self._token is None or path in OPEN_PATHS:
            return True
        return self._token.fits(headers.get(b"authorization", ""))

    async def _turn_away(self, send: Send, *, asked: bool) -> None:
        """Answer 401; a wrong token waits for it, too many waiting ones are sent off at once."""
        self._refused.labels("wrong_token" if asked else "no_token").inc()
        if asked and self._held >= _MOST_HELD:
            return await _answer(send, 429, "too many wrong tokens", (b"retry-after", b"5"))
        if asked:
            self._held += 1
            try:
                await asyncio.sleep(self._brake.wrong())
            finally:
                self._held -= 1
        challenge = (b"www-authenticate", _CHALLENGE.encode())
        await _answer(send, 401, "send `Authorization: Bearer TOKEN`", challenge)


class _Patient:
    """Waits for the whole of a request's body only so long; afterwards without limit."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._complete = False
        self._until = asyncio.get_running_loop().time() + BODY_SECONDS

    async def __call__(self) -> ReceiveMessage:
        if self._complete:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._receive()
        except TimeoutError:
            raise ClientException("the body came too slowly", status_code=408) from None
        self._complete = not message.get("more_body", False)
        return message


def _keep_slashes(scope: Scope) -> None:
    """Undo the server's decoding of `%2F`, which made two segments of one."""
    raw = scope["raw_path"]
    if b"%2f" in raw.lower():
        scope["path"] = unquote(_ENCODED_SLASH.sub(b"%252F", raw).decode("ascii"))


def _same_site(path: str, headers: Mapping[bytes, str]) -> bool:
    """Whether Fetch Metadata allows it: from elsewhere only a click on a link to a page."""
    if headers.get(b"sec-fetch-site", "none") in {"none", "same-origin"}:
        return True
    clicked = headers.get(b"sec-fetch-mode") == "navigate"
    return clicked and not path.startswith("/api/")


async def _answer(send: Send, status: int, detail: str, *headers: tuple[bytes, bytes]) -> None:
    body = msgspec.json.encode(details(status, detail))
    length = (b"content-length", str(len(body)).encode())
    kind = (b"content-type", MEDIA_TYPE.encode())
    await send(
        {"type": "http.response.start", "status": status, "headers": [kind, length, *headers]}
    )
    await send({"type": "http.response.body", "body": body, "more_body": False})
