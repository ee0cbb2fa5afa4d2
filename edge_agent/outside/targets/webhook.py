"""Notify target `webhook`."""

from __future__ import annotations

from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta, field

from edge_agent.outside.target import Deliver, Notice, Reach, Target, target


@target
class Webhook(Target, frozen=True):
    """POST notifications as JSON with `title`, `message` and `data`."""

    main: ClassVar[str] = "url"

    url: Annotated[str, Meta(description="Where to POST.", pattern="^https?://")]
    headers: Annotated[dict[str, str], Meta(description="Further request headers.")] = field(
        default_factory=dict
    )

    def open(self, reach: Reach) -> Deliver:
        """Nothing to prepare."""
        headers = {"content-type": "application/json", **self.headers}

        async def deliver(notice: Notice) -> None:
            body = msgspec.json.encode(notice, enc_hook=str)
            try:
                answer = await reach.web.request("POST", self.url, headers=headers, body=body)
            except OSError as error:
                raise OSError(f"{self.url}: {error}") from error
            if answer["status"] >= 400:
                raise OSError(f"{self.url} answered {answer['status']}")

        return deliver
