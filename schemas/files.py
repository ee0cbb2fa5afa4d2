"""What the HTTP interface answers about the files of a home: reloads and versions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from schemas.api import UserProblem


class ReloadAnswer(Struct, frozen=True):
    """What a reload of the home's files changed."""

    added: Annotated[list[str], Meta(description="Pipelines that are new.")] = []
    changed: Annotated[list[str], Meta(description="Pipelines in another version now.")] = []
    removed: Annotated[list[str], Meta(description="Pipelines that are gone.")] = []
    unchanged: Annotated[int, Meta(description="How many pipelines go on as they were.")] = 0
    quarantined: Annotated[list[str], Meta(description="Files that were not taken.")] = []
    last_good: Annotated[
        list[str], Meta(description="Pipelines of these that run in their last good version.")
    ] = []
    restart: Annotated[
        list[str], Meta(description="Changes that need a restart of the agent.")
    ] = []
    problems: Annotated[
        list[UserProblem], Meta(description="Everything wrong in the files of the home.")
    ] = []
    seconds: Annotated[float, Meta(description="How long it took.")] = 0.0


class VersionView(Struct, frozen=True):
    """One accepted version of a pipeline."""

    number: Annotated[int, Meta(description="Counts from 1.")]
    version: Annotated[str, Meta(description="Hash of what it says; empty: it was removed.")]
    accepted: Annotated[datetime, Meta(description="RFC 3339, UTC.")]
    note: Annotated[str, Meta(description="Why it came into force.")] = ""
    file: Annotated[str, Meta(description="The file it came from.")] = ""
    change: Annotated[str, Meta(description="What changed, in short.")] = ""
    current: Annotated[bool, Meta(description="Whether it is in force.")] = False
    runs: Annotated[int, Meta(description="How many kept runs it made.")] = 0
    last_run: Annotated[datetime | None, Meta(description="When its last run began.")] = None


class VersionText(Struct, frozen=True):
    """What a version said."""

    number: Annotated[int, Meta(description="Counts from 1.")]
    version: Annotated[str, Meta(description="Hash of what it says; empty: it was removed.")]
    text: Annotated[str, Meta(description="The pipeline itself.")] = ""
    others: Annotated[
        dict[str, str], Meta(description="Other files it was made of (includes), by name.")
    ] = {}


class Rollback(Struct, frozen=True, forbid_unknown_fields=True):
    """Which version to go back to."""

    number: Annotated[int | None, Meta(description="The one before, by default.")] = None


class RolledBack(Struct, frozen=True):
    """What a rollback did."""

    number: Annotated[int, Meta(description="The version that was gone back to.")]
    file: Annotated[str, Meta(description="The file that was written.")]
    saved: Annotated[
        str, Meta(description="Where the text with errors was put that stood in the file before.")
    ] = ""
