"""HTTP requests through httpx, imported at the first one."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

if TYPE_CHECKING:
    from httpx import AsyncClient, Response

ANSWER_BYTES = 1 << 20
TIMEOUT_SECONDS = 10.0


class Options(Struct, frozen=True):
    """What a request may carry; `timeout` in seconds is for the whole exchange."""

    headers: Mapping[str, Any] | None = None
    params: Mapping[str, Any] | None = None
    json: Any = None
    body: str | bytes | None = None
    timeout: float | None = None

    def content(self) -> str | bytes | None:
        """The request's body."""
        return self.body if self.json is None else msgspec.json.encode(self.json, enc_hook=str)

    def sent_headers(self) -> dict[str, str]:
        """The headers, with the type of a JSON body."""
        sent = {str(name).lower(): str(value) for name, value in (self.headers or {}).items()}
        return sent if self.json is None else {"content-type": "application/json"} | sent


class HttpClient:
    """One client with its connections kept open; `close` at the end."""

    def __init__(self) -> None:
        self._client: AsyncClient | None = None
        self._opening = asyncio.Lock()

    async def request(self, method: str, url: str, **options: Any) -> dict[str, Any]:
        """Send a request; the answer as status, headers, body (text) and json (None if it is none).

        The options are the fields of `Options`. Errors say why; who asks names the request.

        Raises:
            TimeoutError: no whole answer within the timeout.
            OSError: no answer, or one of more than 1 MiB.
            LookupError: the URL is none.
        """
        wanted = Options(**options)
        client = await self._open()
        limit = wanted.timeout or TIMEOUT_SECONDS
        try:
            async with asyncio.timeout(limit):
                return await _exchange(client, method, url, wanted)
        except TimeoutError:
            raise TimeoutError(f"no answer within {limit:g} s") from None

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def _open(self) -> AsyncClient:
        async with self._opening:
            if self._client is None:
                self._client = await asyncio.to_thread(_client)
            return self._client


def _client() -> AsyncClient:
    """Only who needs it pays for httpx (0.2 s, 8 MB) and its TLS context, in a thread."""
    import httpx

    agent = f"hearthflow/{version('hearthflow')}"
    limits = httpx.Limits(max_connections=32, max_keepalive_connections=4)
    return httpx.AsyncClient(
        headers={"user-agent": agent}, limits=limits, timeout=None, follow_redirects=True
    )


async def _exchange(client: AsyncClient, method: str, url: str, wanted: Options) -> dict[str, Any]:
    import httpx

    try:
        async with client.stream(
            method.upper(),
            url,
            headers=wanted.sent_headers(),
            params=wanted.params,
            content=wanted.content(),
        ) as response:
            return _answer(response, await _read(response))
    except httpx.InvalidURL as error:
        raise LookupError(f"`{url}` is no URL: {error}") from error
    except httpx.UnsupportedProtocol as error:
        raise LookupError(f"`{url}` is no URL: write `http://` or `https://`") from error
    except httpx.RequestError as error:
        raise ConnectionError(_reason(error)) from error


def _reason(error: Exception) -> str:
    """In words: without the number of the system's error."""
    return re.sub(r"^\[Errno -?\d+\] ", "", str(error)) or type(error).__name__


async def _read(response: Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > ANSWER_BYTES:
            raise OSError("the answer has more than 1 MiB")
    return bytes(body)


def _answer(response: Response, body: bytes) -> dict[str, Any]:
    return {
        "status": response.status_code,
        "headers": dict(response.headers),
        "body": body.decode(response.charset_encoding or "utf-8", "replace"),
        "json": _json(body),
    }


def _json(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        return None
