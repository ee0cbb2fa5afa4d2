"""`/api/v1/hooks/{name}`: calls from outside that start pipelines."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, Router, route
from litestar.exceptions import MethodNotAllowedException, ValidationException
from litestar.openapi import ResponseSpec
from litestar.params import HeaderParameter, PathParameter

from edge_agent.gateway.guard import needs
from edge_agent.gateway.ports import Hooks
from schemas.api import HookAnswer, HookCall, ProblemDetails

Key = Annotated[
    str, HeaderParameter(name="Idempotency-Key", description="The same for repeats of one call.")
]
Name = Annotated[str, PathParameter(description="The name in the `webhook` trigger.")]
_RESPONSES = {
    404: ResponseSpec(ProblemDetails, description="No pipeline listens on this hook."),
    405: ResponseSpec(ProblemDetails, description="Its triggers want another method."),
}


def hooks(hooks: Hooks) -> Router:
    """The routes."""

    @route(
        "/{hook:str}",
        http_method=["POST", "PUT", "GET"],
        opt=needs("hooks:call"),
        status_code=202,
        responses=_RESPONSES,
    )
    async def call_hook(
        request: Request[Any, Any, Any], hook: Name, idempotency_key: Key = ""
    ) -> HookAnswer:
        """Fire a webhook; keys of a JSON body, or of the query, become inputs."""
        allowed = [method.upper() for method in hooks.methods(hook)]
        if request.method not in allowed:
            detail = f"the hook `{hook}` takes {', '.join(allowed)}"
            raise MethodNotAllowedException(detail, headers={"Allow": ", ".join(allowed)})
        raw = await request.body()
        call = HookCall(
            name=hook,
            method=request.method,
            data=_data(request, raw),
            raw=raw,
            idempotency_key=idempotency_key,
            principal=request.user.name,
        )
        return HookAnswer(list(await hooks.call(call)))

    return Router("/hooks", route_handlers=[call_hook], tags=["hooks"])


def _data(request: Request[Any, Any, Any], raw: bytes) -> Any:
    """The body's JSON, else its text, else its bytes; without a body the query's parameters."""
    if not raw:
        return dict(request.query_params.items())
    try:
        return msgspec.json.decode(raw)
    except msgspec.DecodeError as error:
        if "json" in request.headers.get("content-type", ""):
            raise ValidationException(f"the body is no JSON: {error}") from None
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw
