"""Notify target `log`."""

from __future__ import annotations

import logging
from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from edge_agent.outside.target import Deliver, Notice, Reach, Target, target

logger = logging.getLogger(__name__)


@target
class Log(Target, frozen=True):
    """Write notifications into the agent's log."""

    main: ClassVar[str] = "level"

    level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="The log level.")
    ] = "info"

    def open(self, reach: Reach) -> Deliver:
        """Nothing to prepare."""
        level = logging.getLevelNamesMapping()[self.level.upper()]

        async def deliver(notice: Notice) -> None:
            fields = {"title": notice.title, "text": notice.message, "data": dict(notice.data)}
            logger.log(level, "notification", extra={k: v for k, v in fields.items() if v})

        return deliver
