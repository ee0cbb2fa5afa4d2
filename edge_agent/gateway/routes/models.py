"""`/api/v1/models`: the models of the home and how they do."""

from __future__ import annotations

from typing import Annotated

from litestar import Router, get
from litestar.openapi import ResponseSpec
from litestar.params import PathParameter

from edge_agent.gateway.guard import needs
from edge_agent.gateway.ports import Models
from schemas.api import ProblemDetails
from schemas.model_views import ModelView

Name = Annotated[str, PathParameter(description="The model's name.")]
_UNKNOWN = {404: ResponseSpec(ProblemDetails, description="No such model.")}


def models(models: Models) -> Router:
    """The routes."""

    @get("/", opt=needs("models:read"))
    async def list_models_of_the_home() -> list[ModelView]:
        """Every model, and how it does."""
        return list(models.all())

    @get("/{model:str}", opt=needs("models:read"), responses=_UNKNOWN)
    async def get_model(model: Name) -> ModelView:
        """One model by its name."""
        return models.one(model)

    return Router("/models", route_handlers=[list_models_of_the_home, get_model], tags=["models"])
