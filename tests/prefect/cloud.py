"""Prefect Cloud's shape over a real server: an account and a workspace in the path, and a key."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_ACCOUNT, _SPACE = (f"5c1e3a0e-0000-4000-8000-{n:012}" for n in (1, 2))
WORKSPACE = f"/api/accounts/{_ACCOUNT}/workspaces/{_SPACE}"
KEY = "pnu_0123456789"
_REFUSED = b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


@asynccontextmanager
async def cloud(api: str) -> AsyncIterator[str]:
    """The URL of a workspace that is in truth this API; other paths and keys are refused."""
    host, _, port = api.removesuffix("/api").rpartition("/")[2].rpartition(":")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, onward = await asyncio.open_connection(host, int(port))
        back = asyncio.create_task(copy(answers, writer))
        try:
            while await _request(reader, onward):
                pass
            writer.write(_REFUSED)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # one of them has closed
        finally:
            back.cancel()
            onward.close()
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}{WORKSPACE}"


async def _request(reader: asyncio.StreamReader, onward: asyncio.StreamWriter) -> bool:
    """Hand one request on with the path of a server; False: it may not be."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    line, *fields = head.split("\r\n")
    named = {k.lower(): v.strip() for k, _, v in (field.partition(":") for field in fields)}
    if f" {WORKSPACE}/" not in line or named.get("authorization") != f"Bearer {KEY}":
        return False
    body = await reader.readexactly(int(named.get("content-length", "0")))
    onward.write(head.replace(WORKSPACE, "/api", 1).encode() + body)
    await onward.drain()
    return True


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hand answers back; a line that the server closes is closed for the client too, which would
    else wait a minute for an answer on it."""
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()
