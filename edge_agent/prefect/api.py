"""Prefect's REST API over plain HTTP."""

from __future__ import annotations

from typing import Any

import msgspec

from edge_agent.prefect.exchange import Exchange

_SECONDS = 60.0


class Refused(Exception):
    """The server has answered that it will not; `status` is HTTP's."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status}: {text}")
        self.status = status


class PrefectApi:
    """The API at a URL that ends in `/api` (or a workspace of Prefect Cloud), with its key."""

    def __init__(self, url: str, key: str | None = None) -> None:
        self.url = url.rstrip("/")
        self._headers = {"content-type": "application/json"}
        if key:
            self._headers["authorization"] = f"Bearer {key}"
        self._exchange = Exchange(self.url)

    async def get(self, path: str) -> Any:
        """Read something. Raises as `ask`."""
        return await self.ask("GET", path)

    async def post(self, path: str, body: Any) -> Any:
        """Send something. Raises as `ask`."""
        return await self.ask("POST", path, body)

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """One request; the answer's JSON.

        Raises:
            OSError: no answer, or the server cannot now.
            Refused: it will not take this.
        """
        sent = b"" if body is None else msgspec.json.encode(body, enc_hook=str)
        answer = await self._exchange.ask(
            method, path, headers=self._headers, body=sent, seconds=_SECONDS
        )
        status = answer.status
        if status == 429 or (status >= 500 and status != 501):
            raise ConnectionError(f"{method} {path}: {status}")
        if status >= 400:
            raise Refused(status, answer.body[:500].decode(errors="replace"))
        return msgspec.json.decode(answer.body) if answer.body else None

    async def close(self) -> None:
        """Close the connections."""
        await self._exchange.close()


def api_url(url: str) -> str:
    """The API's URL of what a user calls the server: `/api` is added to a bare host."""
    scheme, _, rest = url.rstrip("/").partition("://")
    return f"{scheme}://{rest}" if "/" in rest else f"{scheme}://{rest}/api"
