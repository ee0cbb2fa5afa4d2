"""Work that lasts as long as the agent: its failures are told, and it is begun again."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from edge_agent.child import keep_alive

log = logging.getLogger(__name__)

Work = Callable[[], Awaitable[None]]

_FIRST_PAUSE, _LAST_PAUSE = 1.0, 60.0


class Lasting:
    """Keeps several pieces of work going; `problem` says why one of them stands still."""

    def __init__(self, *, first_pause: float = _FIRST_PAUSE) -> None:
        self._first_pause = first_pause
        self._problems: dict[str, str] = {}

    @property
    def problem(self) -> str:
        """What has failed and waits to be begun again, empty when nothing does."""
        return "; ".join(f"{name}: {reason}" for name, reason in self._problems.items())

    async def keep(self, name: str, work: Work) -> None:
        """Do something that does not end, until cancelled.

        What fails here is nothing its own code knows how to wait for: a full disk or a mistake of
        ours. The rest must not stand still with it.
        """

        async def live() -> int:
            self._problems.pop(name, None)
            try:
                await work()
            except Exception as error:
                self._problems[name] = _innermost(error)
                log.exception("work for Prefect has failed", extra={"work": name})
            return 1

        def ended(code: int, pause: float) -> None:
            log.warning("work for Prefect begins again", extra={"work": name, "in": pause})

        await keep_alive(live, ended, pause=self._first_pause, longest=_LAST_PAUSE)


def _innermost(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error) or type(error).__name__
