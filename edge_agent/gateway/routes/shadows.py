"""`/api/v1/shadows`: versions run beside the live ones, and how they compare."""

from __future__ import annotations

from typing import Annotated

from litestar import Router, get, post
from litestar.openapi import ResponseSpec
from litestar.params import JSONBody, PathParameter

from edge_agent.gateway.guard import needs
from edge_agent.gateway.ports import ShadowRuns
from schemas.api import ProblemDetails
from schemas.shadows import ShadowReport, StartShadow

Id = Annotated[str, PathParameter(description="The comparison's id.")]
_UNKNOWN = {404: ResponseSpec(ProblemDetails, description="No such comparison goes on.")}
_WRONG = {422: ResponseSpec(ProblemDetails, description="The text has errors.")}


def shadows(shadows: ShadowRuns) -> Router:
    """The routes."""

    @post("/", opt=needs("pipelines:run"), status_code=201, responses=_WRONG)
    async def start_shadow(data: JSONBody[StartShadow]) -> ShadowReport:
        """Run the versions of a text beside the live ones: they see every event and perform
        nothing. It ends by itself when nobody asks for a minute."""
        return await shadows.start(data)

    @get("/{identity:str}", opt=needs("pipelines:read"), responses=_UNKNOWN)
    async def get_shadow(identity: Id) -> ShadowReport:
        """How the versions compare by now."""
        return await shadows.report(identity)

    @post("/{identity:str}/stop", opt=needs("pipelines:run"), status_code=200, responses=_UNKNOWN)
    async def stop_shadow(identity: Id) -> ShadowReport:
        """End the versions beside, and tell how they compared."""
        return await shadows.stop(identity)

    handlers = [start_shadow, get_shadow, stop_shadow]
    return Router("/shadows", route_handlers=handlers, tags=["shadows"])
