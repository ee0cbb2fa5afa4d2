"""What the HTTP interface answers about the files of a home: reloads and versions."""

from __future__ import annotations

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
