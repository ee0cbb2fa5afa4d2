"""OpenAI's HTTP shapes, as far as we serve them; keys we do not know are passed over."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

Count = Annotated[int, Meta(ge=1)]
Temperature = Annotated[float, Meta(ge=0, le=2)]
Share = Annotated[float, Meta(gt=0, le=1)]
Penalty = Annotated[float, Meta(ge=-2, le=2)]


class ResponseFormat(Struct, frozen=True):
    """What an answer must be: `text`, `json_object`, or `json_schema` with one."""

    type: Annotated[str, Meta(description="text, json_object or json_schema.")] = "text"
    json_schema: Annotated[dict[str, Any], Meta(description="`{name, schema}`.")] = {}


class ChatCompletionRequest(Struct, frozen=True, kw_only=True):
    """A conversation to be continued."""

    model: Annotated[str, Meta(description="Name of the model.")]
    messages: Annotated[list[dict[str, Any]], Meta(description="The turns so far.", min_length=1)]
    stream: Annotated[bool, Meta(description="Server-sent events, piece by piece.")] = False
    stream_options: Annotated[
        dict[str, Any] | None, Meta(description="`{include_usage: true}`.")
    ] = None
    max_tokens: Annotated[Count | None, Meta(description="Longest answer.")] = None
    max_completion_tokens: Annotated[Count | None, Meta(description="The same.")] = None
    temperature: Annotated[Temperature | None, Meta(description="0: greedy.")] = None
    top_p: Annotated[Share | None, Meta(description="Nucleus sampling.")] = None
    frequency_penalty: Annotated[Penalty | None, Meta(description="By count.")] = None
    presence_penalty: Annotated[Penalty | None, Meta(description="By presence.")] = None
    seed: Annotated[int | None, Meta(description="The same seed, the same answer.")] = None
    logit_bias: Annotated[dict[str, float] | None, Meta(description="Token id to bias.")] = None
    stop: Annotated[str | list[str] | None, Meta(description="Where to stop.")] = None
    response_format: Annotated[
        ResponseFormat | None, Meta(description="What the answer must be.")
    ] = None
    tools: Annotated[list[dict[str, Any]], Meta(description="Functions it may call.")] = []
    tool_choice: Annotated[
        str | dict[str, Any], Meta(description="auto, none, required, or one function.")
    ] = "auto"
    n: Annotated[int, Meta(ge=1, le=1, description="One answer.")] = 1
    service_tier: Annotated[
        str | None, Meta(description="`priority` comes first, `flex` last.")
    ] = None
    metadata: Annotated[
        dict[str, str] | None, Meta(description="Labels, which may choose a model of a split.")
    ] = None
    prompt_cache_key: Annotated[
        str | None, Meta(description="Names the conversation, which stays with one model.")
    ] = None
    user: Annotated[str | None, Meta(description="The same, where there is no other name.")] = None


class EmbeddingRequest(Struct, frozen=True, kw_only=True):
    """Texts to be turned into vectors."""

    model: Annotated[str, Meta(description="Name of the model.")]
    input: Annotated[str | list[str], Meta(description="A text or several.")]
    encoding_format: Annotated[str, Meta(description="float or base64.")] = "float"


class Model(Struct, frozen=True):
    """One model."""

    id: Annotated[str, Meta(description="Its name.")]
    object: Annotated[str, Meta(description="Always `model`.")] = "model"
    created: Annotated[int, Meta(description="Always 0.")] = 0
    owned_by: Annotated[str, Meta(description="Always `hearthflow`.")] = "hearthflow"


class ModelList(Struct, frozen=True):
    """The models there are."""

    data: Annotated[list[Model], Meta(description="Each of them.")]
    object: Annotated[str, Meta(description="Always `list`.")] = "list"


class ErrorBody(Struct, frozen=True):
    """What went wrong, for OpenAI's clients."""

    message: Annotated[str, Meta(description="In words.")]
    type: Annotated[str, Meta(description="invalid_request_error, server_error, …")]
    code: Annotated[str | None, Meta(description="Always null.")] = None
    param: Annotated[str | None, Meta(description="Always null.")] = None


class ErrorAnswer(Struct, frozen=True):
    """An answer that is an error."""

    error: Annotated[ErrorBody, Meta(description="What went wrong.")]
