"""What chat models do beyond talking: classifying, and answers in JSON."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

import msgspec

from edge_agent.models.driver import ModelRefused
from schemas.intent import Understood
from schemas.model import ChatPart, ChatRequest, Priority, ToolCall, Usage

_CHOOSE = "Which of these labels fits the user's text best? Answer `none` when none of them does."
_NONE = "none"


async def answer(parts: AsyncIterator[ChatPart], request: ChatRequest) -> dict[str, Any]:
    """A whole answer: text, json (None without a schema, or cut off), calls, finish, usage,
    confidence, and the model that gave it."""
    text, calls, finish, usage = "", list[ToolCall](), "stop", Usage()
    confidence, model = None, ""
    async for part in parts:
        text += part.text
        calls += part.tool_calls
        finish, usage = part.finish or finish, part.usage or usage
        confidence, model = part.confidence, part.model
    return {
        "text": text,
        "json": None if request.schema is None else _json(text),
        "calls": [{"name": call.name, "arguments": _json(call.arguments)} for call in calls],
        "finish": finish,
        "usage": msgspec.to_builtins(usage),
        "confidence": confidence,
        "model": model,
    }


async def choose(
    chat: Callable[[ChatRequest], AsyncIterator[ChatPart]],
    text: str,
    labels: Sequence[str],
    *,
    language: str = "",
    priority: Priority = "normal",
) -> Understood:
    """The label of a text, by a chat model; how sure it is, where its engine tells.

    Raises:
        ModelRefused: there are no labels to choose from.
    """
    if not labels:
        raise ModelRefused("a chat model needs `labels` to choose from")
    named = [*labels, *([] if _NONE in labels else [_NONE])]
    schema = {
        "type": "object",
        "properties": {"label": {"enum": named}},
        "required": ["label"],
        "additionalProperties": False,
    }
    request = ChatRequest(
        messages=[
            {"role": "system", "content": f"{_CHOOSE}\nLabels: {', '.join(named)}"},
            {"role": "user", "content": text},
        ],
        schema=schema,
        temperature=0.0,
        max_tokens=64,
        priority=priority,
        confidence=True,
    )
    said = await answer(chat(request), request)
    label = str(said["json"].get("label")) if isinstance(said["json"], Mapping) else _NONE
    if label not in labels:
        return Understood(_NONE, 0.0, language=language)
    sure = said["confidence"]
    return Understood(label, 1.0 if sure is None else sure, language=language)


def _json(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return None
