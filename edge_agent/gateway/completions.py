"""Answers of chat models in OpenAI's shapes, whole or as server-sent events."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from schemas.model import Asker, ChatPart, ChatRequest, Priority, ToolCall, Usage
from schemas.openai import ChatCompletionRequest, ErrorAnswer, ErrorBody

_DEFAULT_TOKENS = 1024
_PRIORITIES: dict[str, Priority] = {"priority": "high", "flex": "low"}


def request_of(asked: ChatCompletionRequest) -> ChatRequest:
    """What the models are asked."""
    stop = [asked.stop] if isinstance(asked.stop, str) else asked.stop
    return ChatRequest(
        messages=[_message(each) for each in asked.messages],
        max_tokens=asked.max_completion_tokens or asked.max_tokens or _DEFAULT_TOKENS,
        temperature=asked.temperature,
        top_p=asked.top_p,
        frequency_penalty=asked.frequency_penalty,
        presence_penalty=asked.presence_penalty,
        seed=asked.seed,
        logit_bias=asked.logit_bias or {},
        stop=stop or [],
        schema=_schema(asked),
        tools=asked.tools,
        tool_choice=asked.tool_choice,
    )


def asker_of(asked: ChatCompletionRequest) -> Asker:
    """For whom the models are asked.

    A conversation without a name is known by how it begins: its first turn of each role.
    """
    begun = {str(each.get("role")): each for each in reversed(asked.messages)}
    beginning = msgspec.json.encode([begun.get("system"), begun.get("user")])
    return Asker(
        priority=_PRIORITIES.get(asked.service_tier or "", "normal"),
        session=asked.prompt_cache_key or asked.user or beginning.decode(),
        labels=asked.metadata or {},
    )


def _message(said: dict[str, Any]) -> dict[str, Any]:
    """A turn with its content as one text.

    Raises:
        ValueError: a part of it is no text.
    """
    content = said.get("content")
    if isinstance(content, list):
        content = "".join(_text(part) for part in content)
    return {**said, "content": content or ""}


def _text(part: Any) -> str:
    kind = part.get("type") if isinstance(part, dict) else type(part).__name__
    if kind != "text":
        raise ValueError(f"messages: a part of the content is `{kind}`; only text is read")
    return str(part.get("text", ""))


def _schema(asked: ChatCompletionRequest) -> dict[str, Any] | None:
    wanted = asked.response_format
    if wanted is None or wanted.type == "text":
        return None
    schema: dict[str, Any] = wanted.json_schema.get("schema", {})
    return schema if wanted.type == "json_schema" else {}


class Completion:
    """One answer under way."""

    def __init__(self, model: str) -> None:
        self._head = {
            "id": f"chatcmpl-{uuid.uuid4().hex}",
            "created": int(time.time()),
            "model": model,
        }

    async def whole(self, parts: AsyncIterator[ChatPart]) -> dict[str, Any]:
        """The whole answer at once."""
        text, calls, finish, usage = "", list[ToolCall](), "stop", Usage()
        async for part in parts:
            text += part.text
            calls += part.tool_calls
            finish, usage = part.finish or finish, part.usage or usage
        message: dict[str, Any] = {"role": "assistant", "content": text if not calls else None}
        if calls:
            message["tool_calls"] = [_call(call) for call in calls]
        choice = {"index": 0, "message": message, "finish_reason": finish, "logprobs": None}
        return {
            **self._head,
            "object": "chat.completion",
            "choices": [choice],
            "usage": _usage(usage),
        }

    async def events(
        self, first: ChatPart, rest: AsyncIterator[ChatPart], *, usage: bool
    ) -> AsyncIterator[bytes]:
        """The answer as server-sent events, an error in it as an event too."""
        yield self._event({"role": "assistant", "content": ""})
        last = Usage()
        async for part in _chain(first, rest):
            if part.text:
                yield self._event({"content": part.text})
            for index, call in enumerate(part.tool_calls):
                yield self._event({"tool_calls": [{"index": index, **_call(call)}]})
            last = part.usage or last
            if part.finish is not None:
                yield self._event({}, part.finish)
        if usage:
            yield _data({**self._chunk(), "choices": [], "usage": _usage(last)})
        yield b"data: [DONE]\n\n"

    def _chunk(self) -> dict[str, Any]:
        return {**self._head, "object": "chat.completion.chunk"}

    def _event(self, delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        return _data({**self._chunk(), "choices": [choice]})


def error_event(text: str) -> bytes:
    """An error in the middle of an answer."""
    return _data(ErrorAnswer(ErrorBody(text, "server_error")))


async def _chain(first: ChatPart, rest: AsyncIterator[ChatPart]) -> AsyncIterator[ChatPart]:
    yield first
    async for part in rest:
        yield part


def _call(call: ToolCall) -> dict[str, Any]:
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": function}


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
    }


def _data(value: Any) -> bytes:
    return b"data: " + msgspec.json.encode(value) + b"\n\n"
