"""`/api/v1/pipelines`: what there is, switched on and off, run by hand."""

from __future__ import annotations

from typing import Annotated

from litestar import Response, Router, get, post
from litestar.openapi import ResponseSpec
from litestar.params import JSONBody, PathParameter

from edge_agent.gateway.guard import needs
from edge_agent.gateway.ports import Pipelines
from schemas.api import PipelineView, ProblemDetails, RunStarted, StartRun

Id = Annotated[str, PathParameter(description="The pipeline's id.")]
_UNKNOWN = {404: ResponseSpec(ProblemDetails, description="No such pipeline.")}
_WRONG = {422: ResponseSpec(ProblemDetails, description="The inputs do not fit.")}


def pipelines(pipelines: Pipelines) -> Router:
    """The routes."""

    @get("/", opt=needs("pipelines:read"))
    async def list_pipelines() -> list[PipelineView]:
        """Every pipeline of the home, also disabled ones and those with problems."""
        return list(await pipelines.all())

    @get("/{pipeline:str}", opt=needs("pipelines:read"), responses=_UNKNOWN)
    async def get_pipeline(pipeline: Id) -> PipelineView:
        """One pipeline."""
        return await pipelines.one(pipeline)

    @post(
        "/{pipeline:str}/run",
        opt=needs("pipelines:run"),
        status_code=202,
        responses=_UNKNOWN
        | _WRONG
        | {200: ResponseSpec(RunStarted, description="It was waited for, and ended.")},
    )
    async def run_pipeline(
        pipeline: Id, data: JSONBody[StartRun | None] = None
    ) -> Response[RunStarted]:
        """Start a run by hand; `trigger.id` is `manual` in it."""
        started = await pipelines.start(pipeline, data or StartRun())
        return Response(started, status_code=200 if started.trace else 202)

    @post(
        "/{pipeline:str}/enable",
        opt=needs("pipelines:switch"),
        status_code=200,
        responses=_UNKNOWN,
    )
    async def enable_pipeline(pipeline: Id) -> PipelineView:
        """Make its triggers live."""
        await pipelines.switch(pipeline, on=True)
        return await pipelines.one(pipeline)

    @post(
        "/{pipeline:str}/disable",
        opt=needs("pipelines:switch"),
        status_code=200,
        responses=_UNKNOWN,
    )
    async def disable_pipeline(pipeline: Id) -> PipelineView:
        """Stop its triggers; runs that have begun end as usual."""
        await pipelines.switch(pipeline, on=False)
        return await pipelines.one(pipeline)

    handlers = [list_pipelines, get_pipeline, run_pipeline, enable_pipeline, disable_pipeline]
    return Router("/pipelines", route_handlers=handlers, tags=["pipelines"])
