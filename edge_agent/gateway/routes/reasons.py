"""`/api/v1/pipelines/{id}/why-not`: why a pipeline did not run."""

from __future__ import annotations

from typing import Annotated

from litestar import Router, get
from litestar.openapi import ResponseSpec
from litestar.params import PathParameter, QueryParameter

from edge_agent.gateway.guard import needs
from edge_agent.gateway.ports import Reasons
from edge_agent.gateway.routes.history import moment_of
from schemas.api import ProblemDetails
from schemas.why import WhyNot

Id = Annotated[str, PathParameter(description="The pipeline's id.")]
At = Annotated[
    str | None,
    QueryParameter(description="When it should have run: RFC 3339, or `5m` ago; now by default."),
]
_UNKNOWN = {404: ResponseSpec(ProblemDetails, description="There never was such a pipeline.")}


def reasons(reasons: Reasons) -> Router:
    """The routes."""

    @get("/{pipeline:str}/why-not", opt=needs("history:read"), responses=_UNKNOWN)
    async def why_not(pipeline: Id, at: At = None) -> WhyNot:
        """Which trigger did not match or which condition was false, with the values then."""
        moment = moment_of(at)
        return await reasons.why_not(pipeline, None if moment is None else moment.timestamp())

    return Router("/pipelines", route_handlers=[why_not], tags=["pipelines"])
