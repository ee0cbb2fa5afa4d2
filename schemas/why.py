"""Why a pipeline did not run: what each trigger saw, and what was asked, with the values then."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct

from schemas.traces import RunSummary, Time


class Finding(Struct, frozen=True):
    """A condition as it was then, with the values that decided."""

    condition: Annotated[str, Meta(description="As it was written.")]
    held: Annotated[bool, Meta(description="Whether it held.")]
    values: Annotated[
        dict[str, Any], Meta(description="What it looked at: `reading('hall', 'lux')` → 18.2.")
    ] = {}
    parts: Annotated[list[Finding], Meta(description="The conditions inside `all`, `any`, …")] = []
    error: Annotated[str, Meta(description="Why it had no value.")] = ""


class TriggerWhy(Struct, frozen=True):
    """How far one trigger came."""

    id: Annotated[str, Meta(description="The trigger's id.")]
    trigger: Annotated[str, Meta(description="As it was written.")]
    reason: Annotated[str, Meta(description="`no_event`, `payload`, `limit`, `conditions`, …")]
    told: Annotated[str, Meta(description="What became of it, in words.")]
    at: Annotated[datetime | None, Meta(description="When that was; null: never.")] = None
    values: Annotated[dict[str, Any], Meta(description="Values then.")] = {}
    findings: Annotated[list[Finding], Meta(description="The conditions asked then.")] = []
    until: Annotated[datetime | None, Meta(description="Until when it is held back.")] = None


class WhyNot(Struct, frozen=True):
    """Why a pipeline did not run at a time."""

    pipeline: Annotated[str, Meta(description="The pipeline's id.")]
    at: Time
    reason: Annotated[str, Meta(description="The reason in one word; `ran` when it did run.")]
    answer: Annotated[str, Meta(description="The answer in one sentence.")]
    triggers: Annotated[list[TriggerWhy], Meta(description="Each trigger.")] = []
    run: Annotated[RunSummary | None, Meta(description="The run that answers the question.")] = None
    notes: Annotated[list[str], Meta(description="What else was so then.")] = []
