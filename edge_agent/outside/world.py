"""The outside world as steps reach it: `pipelines.ports.Outside`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from difflib import get_close_matches
from typing import Any

from edge_agent.outside.target import Deliver, Notice, Reach, open_targets
from edge_agent.outside.web import HttpClient
from pipelines.ports import Messages

Query = Callable[[str, Mapping[str, Any]], Awaitable[list[dict[str, Any]]]]


class World:
    """Requests, notifications and queries; `close` at the end."""

    def __init__(
        self, notify: Mapping[str, Mapping[str, Any]], messages: Messages, query: Query
    ) -> None:
        """Open the targets of the settings' `notify`.

        Raises:
            UserError: with a problem for each wrong target.
        """
        self._web = HttpClient()
        self._query = query
        self._targets = open_targets(notify, Reach(messages, self._web))

    async def request(self, method: str, url: str, **options: Any) -> dict[str, Any]:
        """An HTTP request; see `HttpClient.request`."""
        return await self._web.request(method, url, **options)

    async def notify(self, to: str, title: str, message: str, options: Mapping[str, Any]) -> None:
        """Deliver to a named target.

        Raises:
            LookupError: no such target.
            OSError: it could not be delivered.
        """
        await self._target(to)(Notice(title, message, options))

    def query(self, sql: str, params: Mapping[str, Any]) -> Awaitable[list[dict[str, Any]]]:
        """Read-only SQL over the ledger."""
        return self._query(sql, params)

    async def close(self) -> None:
        """Close the connections kept open."""
        await self._web.close()

    def _target(self, name: str) -> Deliver:
        found = self._targets.get(name)
        if found is None:
            near = get_close_matches(name, self._targets, 1)
            hint = (
                f"did you mean `{near[0]}`?" if near else "name it under `notify:` in hearth.yaml"
            )
            raise LookupError(f"no notify target `{name}`: {hint}")
        return found
