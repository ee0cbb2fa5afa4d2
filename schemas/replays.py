"""What the HTTP interface takes and tells of the past: recordings, and pipelines played over it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct

from schemas.shadows import ShadowFiring
from schemas.traces import Time


class Recorded(Struct, frozen=True, omit_defaults=True):
    """One line of a recording: an MQTT message and when it came."""

    ts: Annotated[float | str, Meta(description="Epoch seconds, or RFC 3339.")]
    topic: Annotated[str, Meta(description="Its topic.")]
    payload: Annotated[Any, Meta(description="Text as it is; anything else as JSON.")] = ""
    retain: Annotated[bool, Meta(description="Whether the broker had kept it.")] = False
    qos: Annotated[int, Meta(description="Quality of service.")] = 0
    base64: Annotated[bool, Meta(description="`payload` is base64 of binary data.")] = False


class RecordedQuery(Struct, frozen=True):
    """Which messages; `cursor` is what an earlier page gave as `next`."""

    since: datetime
    until: datetime | None = None
    topic: str = "#"
    cursor: int = 0


class RecordedPage(Struct, frozen=True):
    """Messages that came, oldest first."""

    items: Annotated[list[Recorded], Meta(description="At most a thousand.")]
    next: Annotated[
        int | None, Meta(description="`cursor` of the following page; null on the last.")
    ] = None


class ReplayRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Pipelines to play over what the ledger holds; nothing is performed."""

    text: Annotated[str, Meta(description="A pipeline file.", min_length=1)]
    since: Time
    file: Annotated[str, Meta(description="Its name, for problems.")] = "replay.yaml"
    until: Annotated[datetime | None, Meta(description="RFC 3339; now by default.")] = None
    compare: Annotated[bool, Meta(description="Put the live version's runs beside.")] = False


class ReplayReport(Struct, frozen=True):
    """What the pipelines would have done."""

    pipelines: Annotated[list[str], Meta(description="The pipelines played.")]
    since: Time
    until: Time
    events: Annotated[int, Meta(description="How many events of the ledger were played.")]
    totals: Annotated[dict[str, int], Meta(description="How many firings of each verdict.")] = {}
    firings: Annotated[list[ShadowFiring], Meta(description="Every firing, oldest first.")] = []
    notes: Annotated[list[str], Meta(description="What the answer does not hold.")] = []
