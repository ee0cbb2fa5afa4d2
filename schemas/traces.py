"""A run as the HTTP interface tells it: in one line, and step by step with every value."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct

Id = Annotated[str, Meta(description="A UUID.")]
Time = Annotated[datetime, Meta(description="RFC 3339, UTC.")]


class RunSummary(Struct, frozen=True):
    """A run in one line."""

    id: Id
    pipeline: Annotated[str, Meta(description="The pipeline's id.")]
    state: Annotated[
        str,
        Meta(description="queued, running, waiting, completed, failed, cancelled or crashed."),
    ]
    started: Time
    finished: Annotated[datetime | None, Meta(description="RFC 3339; null while it runs.")] = None
    trigger: Annotated[str, Meta(description="The id of the trigger that started it.")] = ""
    version: Annotated[str, Meta(description="The pipeline's version it ran.")] = ""
    error: Annotated[str, Meta(description="Why it failed.")] = ""


class AskedView(Struct, frozen=True):
    """A condition that decided about a branch."""

    condition: Annotated[str, Meta(description="As it was written.")]
    held: Annotated[bool, Meta(description="Whether it held; then its branch was taken.")]


class TryView(Struct, frozen=True):
    """One try of a step that was tried again."""

    started: Time
    finished: Time
    error: Annotated[str, Meta(description="Why it failed; empty for the one that did not.")] = ""


class WaitView(Struct, frozen=True):
    """What a step waited for."""

    awaits: Annotated[
        list[str], Meta(description="Triggers or reports, as written; empty: a time.")
    ] = []
    until: Annotated[datetime | None, Meta(description="When it was given up, or over.")] = None
    ended: Annotated[
        str,
        Meta(
            description="What ended it: `time`, the trigger's id, `report`, `failed` or "
            "`cancelled`; empty while it waits."
        ),
    ] = ""


class StepView(Struct, frozen=True):
    """One step of a run. `path` and `rounds` together name it; `parent` makes it a tree."""

    path: Annotated[str, Meta(description="The step's id or place, `2/branches/0/steps/1`.")]
    kind: Annotated[str, Meta(description="The component, `publish`.")]
    state: Annotated[str, Meta(description="completed, skipped, failed, cancelled or waiting.")]
    started: Time
    finished: Annotated[datetime, Meta(description="RFC 3339; while it waits: `started`.")]
    error: Annotated[str, Meta(description="Why it failed.")] = ""
    values: Annotated[Any, Meta(description="Its outputs.")] = None
    attempts: Annotated[int, Meta(description="Tries beyond the first.")] = 0
    parent: Annotated[str, Meta(description="Path of the step it lies in; empty: none.")] = ""
    branch: Annotated[
        str,
        Meta(
            description="Which of the parent's lists: `branches/0/steps`, `otherwise`, `on_error`; "
            "of the pipeline: empty, `errors` or `finally`."
        ),
    ] = ""
    rounds: Annotated[
        list[int], Meta(description="Rounds of the `repeat` steps around it, outermost first.")
    ] = []
    inputs: Annotated[
        dict[str, Any], Meta(description="Rendered inputs; what it did is in `effects`.")
    ] = {}
    unmet: Annotated[str, Meta(description="The condition for which it was skipped.")] = ""
    asked: Annotated[
        list[AskedView], Meta(description="The conditions asked to choose a branch, in order.")
    ] = []
    tries: Annotated[list[TryView], Meta(description="Every try, where there were several.")] = []
    wait: Annotated[WaitView | None, Meta(description="What it waited for.")] = None


class EffectView(Struct, frozen=True):
    """One thing a run did to the world, or would have done in a dry run."""

    step: Annotated[str, Meta(description="The step's path.")]
    kind: Annotated[str, Meta(description="publish, device, notify, http, …")]
    target: Annotated[str, Meta(description="Topic, device, URL or name.")]
    payload: Annotated[Any, Meta(description="What was sent.")]
    ts: Time
    performed: Annotated[bool, Meta(description="False in a dry run.")] = True
    rounds: Annotated[list[int], Meta(description="The rounds of the step.")] = []


class EventView(Struct, frozen=True):
    """What arrived."""

    id: Id
    ts: Time
    channel: Annotated[str, Meta(description="mqtt, webhook, timer, manual, emit, …")]
    source: Annotated[str, Meta(description="Topic, hook or name.")]
    payload: Annotated[Any, Meta(description="JSON, text or base64; null when too large.")] = None
    size_bytes: Annotated[int, Meta(description="Size on the wire.")] = 0


class Trace(Struct, frozen=True):
    """A run step by step, with every value."""

    run: RunSummary
    trigger: Annotated[dict[str, Any], Meta(description="What `trigger` was in expressions.")] = {}
    event: Annotated[EventView | None, Meta(description="What started it.")] = None
    inputs: Annotated[dict[str, Any], Meta(description="Its inputs.")] = {}
    variables: Annotated[dict[str, Any], Meta(description="Its variables at the end.")] = {}
    steps: Annotated[
        list[StepView], Meta(description="In the order they ended, those that wait last.")
    ] = []
    effects: Annotated[list[EffectView], Meta(description="What it did, in order.")] = []
    labels: Annotated[dict[str, str], Meta(description="The pipeline's labels.")] = {}
    parent: Annotated[str | None, Meta(description="The run that started this one.")] = None
    children: Annotated[
        list[RunSummary], Meta(description="The runs it started, the first hundred; in history.")
    ] = []
