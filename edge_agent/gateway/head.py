"""HEAD: what GET would answer, without the body (RFC 9110, section 9.3.2)."""

from __future__ import annotations

from typing import cast

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, ReceiveMessage, Scope, Send

_GET_ACTS = "/api/v1/hooks/"


class Heads:
    """An application that knows GET, and is asked for HEAD too; not where a GET starts runs.

    The server leaves out the body; a stream is over once its head is sent.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, as the application would answer a GET."""
        if not _is_head(scope) or scope["path"].startswith(_GET_ACTS):
            return await self._app(scope, receive, send)
        answer = _Head(receive, send)
        asked = cast(Scope, {**scope, "method": "GET"})
        await self._app(asked, answer.receive, answer.send)


def _is_head(scope: Scope) -> bool:
    return scope["type"] == ScopeType.HTTP and scope["method"] == "HEAD"


class _Head:
    """One answer, of which only the head is sent; then the caller counts as gone."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self._is_sent = False

    async def receive(self) -> ReceiveMessage:
        if self._is_sent:
            return {"type": "http.disconnect"}
        return await self._receive()

    async def send(self, message: Message) -> None:
        if self._is_sent:
            return
        await self._send(message)
        if message["type"] == "http.response.start":
            self._is_sent = True
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})
