"""The world outside a rehearsal: it answers as the test says."""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from schemas.rehearsal import HttpStub, Stub

Ask = Callable[[str, Mapping[str, Any]], Awaitable[list[dict[str, Any]]]]


class StubbedOutside:
    """A world outside that answers what it was told to (`pipelines.ports.Outside`).

    A query that no stub answers is asked of the ledger by `ask`.
    """

    def __init__(self, stub: Stub, ask: Ask) -> None:
        self._stub = stub
        self._ask = ask
        self._used: Counter[tuple[str, int]] = Counter()
        self.queries: list[tuple[str, Mapping[str, Any]]] = []

    async def request(self, method: str, url: str, **options: Any) -> dict[str, Any]:
        """The answer of the first stub whose address and method fit; nobody else is there."""
        for index, stub in enumerate(self._stub.http):
            meant = _fits(url, stub.url) and stub.method.upper() in ("", method)
            if not meant or self._is_spent("http", index, stub.times):
                continue
            if stub.error:
                raise OSError(stub.error)
            return _answer(stub)
        raise OSError(f"no stub answers {url}")

    async def notify(self, to: str, title: str, message: str, options: Mapping[str, Any]) -> None:
        """Delivered, unless a stub says otherwise."""
        for index, stub in enumerate(self._stub.notify):
            if _fits(to, stub.to) and not self._is_spent("notify", index, stub.times):
                raise OSError(stub.error)

    async def query(self, sql: str, params: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The rows of the first stub that fits, else what the ledger has."""
        self.queries.append((sql, params))
        for stub in self._stub.sql:
            if _fits(sql, stub.query):
                return stub.rows
        return await self._ask(sql, params)

    def _is_spent(self, kind: str, index: int, times: int) -> bool:
        self._used[kind, index] += 1
        return 0 < times < self._used[kind, index]


def _fits(text: str, pattern: str) -> bool:
    """Whether a text is the pattern, in which `*` stands for anything."""
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), text, re.DOTALL) is not None


def _answer(stub: HttpStub) -> dict[str, Any]:
    """An answer with its body as text and as JSON, as the agent's own client gives it."""
    body, value = stub.body, stub.json
    if value is not None:
        body = body or msgspec.json.encode(value).decode()
    elif body:
        with contextlib.suppress(msgspec.DecodeError):
            value = msgspec.json.decode(body)
    return {"status": stub.status, "headers": stub.headers, "body": body, "json": value}
