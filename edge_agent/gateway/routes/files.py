"""`/api/v1/reload`, `/problems` and versions: the files of the home, and what is in force."""

from __future__ import annotations

from typing import Annotated

from litestar import Router, get, post
from litestar.openapi import ResponseSpec
from litestar.params import JSONBody, PathParameter

from edge_agent.gateway.guard import needs
from edge_agent.gateway.ports import Files
from schemas.api import ProblemDetails, UserProblem
from schemas.files import ReloadAnswer, Rollback, RolledBack, VersionText, VersionView

Id = Annotated[str, PathParameter(description="The pipeline's id.")]
Number = Annotated[int, PathParameter(description="The version's number.")]
_UNKNOWN = {404: ResponseSpec(ProblemDetails, description="No such pipeline or version.")}
_REFUSED = {422: ResponseSpec(ProblemDetails, description="It cannot be written back.")}


def files(files: Files) -> Router:
    """The routes."""

    @post("/reload", opt=needs("agent:reload"), status_code=200)
    async def reload_files() -> ReloadAnswer:
        """Put what has changed in the files in force now, and tell what that was."""
        return await files.reload()

    @get("/problems", opt=needs("pipelines:read"))
    async def list_problems() -> list[UserProblem]:
        """Everything that is wrong in the files of the home."""
        return list(await files.problems())

    @get("/pipelines/{pipeline:str}/versions", opt=needs("pipelines:read"), responses=_UNKNOWN)
    async def list_versions(pipeline: Id) -> list[VersionView]:
        """The accepted versions of a pipeline, newest first; also of one that was removed."""
        return list(await files.versions(pipeline))

    @get(
        "/pipelines/{pipeline:str}/versions/{number:int}",
        opt=needs("pipelines:read"),
        responses=_UNKNOWN,
    )
    async def get_version(pipeline: Id, number: Number) -> VersionText:
        """What a version said."""
        return await files.version(pipeline, number)

    @post(
        "/pipelines/{pipeline:str}/rollback",
        opt=needs("pipelines:write"),
        status_code=200,
        responses=_UNKNOWN | _REFUSED,
    )
    async def roll_back(pipeline: Id, data: JSONBody[Rollback | None] = None) -> RolledBack:
        """Write a version back into its file, and put it in force."""
        return await files.rollback(pipeline, (data or Rollback()).number)

    handlers = [reload_files, list_problems, list_versions, get_version, roll_back]
    return Router("/", route_handlers=handlers, tags=["files"])
