"""`/api/v1/reload` and `/problems`: the files of the home, and what is in force of them."""

from __future__ import annotations

from litestar import Router, get, post

from edge_agent.gateway.guard import needs
from edge_agent.gateway.ports import Files
from schemas.api import UserProblem
from schemas.files import ReloadAnswer


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

    return Router("/", route_handlers=[reload_files, list_problems], tags=["files"])
