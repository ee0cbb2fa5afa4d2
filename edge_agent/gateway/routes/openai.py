"""`/v1`: models as OpenAI's API serves them, for its clients."""

from __future__ import annotations

import base64
import struct
from collections.abc import AsyncIterator
from math import ceil
from typing import Annotated, Any

from litestar import Request, Response, Router, get, post
from litestar.exceptions import HTTPException, ValidationException
from litestar.params import JSONBody, PathParameter
from litestar.response import Stream

from edge_agent.gateway.completions import Completion, asker_of, error_event, request_of
from edge_agent.gateway.guard import needs
from edge_agent.gateway.ports import Models
from pipelines.ports import Busy
from schemas.model import NOBODY
from schemas.openai import (
    ChatCompletionRequest,
    EmbeddingRequest,
    ErrorAnswer,
    ErrorBody,
    Model,
    ModelList,
)

Name = Annotated[str, PathParameter(description="The model's name.")]


def openai(models: Models) -> Router:
    """The routes."""

    @get("/models", opt=needs("models:read"))
    async def list_models() -> ModelList:
        """The models there are."""
        return ModelList([Model(name) for name in models.names()])

    @get("/models/{model:str}", opt=needs("models:read"))
    async def one_model(model: Name) -> Model:
        """One model by its name."""
        if model not in models.names():
            raise LookupError(f"there is no model `{model}`")
        return Model(model)

    @post("/chat/completions", opt=needs("models:use"), status_code=200)
    async def complete_chat(data: JSONBody[ChatCompletionRequest]) -> Response[Any]:
        """Continue a conversation; `stream` sends it piece by piece.

        Closing the connection aborts the answer.
        """
        parts = models.chat(data.model, request_of(data), asker_of(data))
        completion = Completion(data.model)
        if not data.stream:
            return Response(await completion.whole(parts))
        first = await anext(parts)  # what is wrong with the request is told as a status
        usage = bool((data.stream_options or {}).get("include_usage"))
        events = _unbroken(completion.events(first, parts, usage=usage))
        return Stream(events, media_type="text/event-stream", headers={"Cache-Control": "no-cache"})

    @post("/embeddings", opt=needs("models:use"), status_code=200)
    async def make_embeddings(data: JSONBody[EmbeddingRequest]) -> dict[str, Any]:
        """Turn texts into vectors."""
        texts = [data.input] if isinstance(data.input, str) else data.input
        vectors = await models.embed(data.model, texts, NOBODY)
        rows = [
            {
                "object": "embedding",
                "index": index,
                "embedding": _shown(vector, data.encoding_format),
            }
            for index, vector in enumerate(vectors)
        ]
        usage = {"prompt_tokens": 0, "total_tokens": 0}
        return {"object": "list", "data": rows, "model": data.model, "usage": usage}

    return Router(
        "/v1",
        route_handlers=[list_models, one_model, complete_chat, make_embeddings],
        tags=["models"],
        exception_handlers={
            LookupError: lambda _, error: _refused(404, error, "not_found_error"),
            ValueError: lambda _, error: _refused(400, error, "invalid_request_error"),
            Busy: _busy,
            OSError: lambda _, error: _refused(503, error, "server_error"),
            ValidationException: _invalid,
            HTTPException: _invalid,
        },
    )


async def _unbroken(events: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Events to the end; a model that fails on the way is told in the stream."""
    try:
        async for event in events:
            yield event
    except (OSError, ValueError) as error:
        yield error_event(str(error))


def _shown(vector: list[float], encoding: str) -> Any:
    if encoding != "base64":
        return vector
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def _refused(status: int, error: Exception, kind: str) -> Response[ErrorAnswer]:
    text = str(error.args[0]) if error.args else type(error).__name__
    return Response(ErrorAnswer(ErrorBody(text, kind)), status_code=status)


def _busy(_: Request[Any, Any, Any], error: Busy) -> Response[ErrorAnswer]:
    answer = _refused(429, error, "rate_limit_error")
    answer.headers["Retry-After"] = str(max(1, ceil(error.seconds)))
    return answer


def _invalid(_: Request[Any, Any, Any], error: HTTPException) -> Response[ErrorAnswer]:
    extra = error.extra if isinstance(error.extra, list) else []
    told = [f"{each.get('key')}: {each.get('message')}" for each in extra if isinstance(each, dict)]
    text = "; ".join([error.detail, *told])
    return Response(
        ErrorAnswer(ErrorBody(text, "invalid_request_error")), status_code=error.status_code
    )
