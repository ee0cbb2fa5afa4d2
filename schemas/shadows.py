"""What the HTTP interface takes and tells of versions that run beside the live ones."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct

Time = Annotated[datetime, Meta(description="RFC 3339, UTC.")]


class StartShadow(Struct, frozen=True, forbid_unknown_fields=True):
    """Versions to run beside the live ones of the same ids."""

    text: Annotated[str, Meta(description="A pipeline file.", min_length=1)]
    file: Annotated[str, Meta(description="Its name, for problems.")] = "shadow.yaml"


class Action(Struct, frozen=True):
    """One thing that was done to the world, or would have been."""

    kind: Annotated[str, Meta(description="publish, device, notify, http, …")]
    target: Annotated[str, Meta(description="Topic, device, URL or name.")]
    payload: Annotated[Any, Meta(description="What was sent.")] = None


class ShadowSide(Struct, frozen=True):
    """What one version made of a firing."""

    run: Annotated[str, Meta(description="The run's UUID.")]
    state: Annotated[str, Meta(description="The run's state.")]
    error: Annotated[str, Meta(description="Why it failed.")] = ""
    actions: Annotated[list[Action], Meta(description="In order.")] = []


class ShadowFiring(Struct, frozen=True):
    """One event that started a run in at least one of the versions."""

    pipeline: Annotated[str, Meta(description="The pipeline's id.")]
    ts: Time
    channel: Annotated[str, Meta(description="mqtt, timer, webhook, …")]
    source: Annotated[str, Meta(description="Topic, hook or name.")]
    verdict: Annotated[
        str, Meta(description="same, different, only live, only candidate or under way.")
    ]
    live: Annotated[ShadowSide | None, Meta(description="What the live version did.")] = None
    candidate: Annotated[
        ShadowSide | None, Meta(description="What the other one would have done.")
    ] = None


class ShadowReport(Struct, frozen=True):
    """How versions compare since they run side by side."""

    id: Annotated[str, Meta(description="Names this comparison.")]
    pipelines: Annotated[list[str], Meta(description="The pipelines compared.")]
    since: Time
    totals: Annotated[dict[str, int], Meta(description="How many firings of each verdict.")] = {}
    firings: Annotated[list[ShadowFiring], Meta(description="The newest thousand.")] = []
    without: Annotated[list[str], Meta(description="Pipelines of which no live version runs.")] = []
