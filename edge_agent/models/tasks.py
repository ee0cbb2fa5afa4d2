"""What chat models do beyond talking: classifying, and answers in JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from edge_agent.models.driver import Driver, ModelRefused
from schemas.model import ChatRequest, ToolCall, Understood, Usage

_CHOOSE = "Which of these labels fits the user's text best? Answer `none` when none of them does."
_NONE = "none"


async def answer(driver: Driver, request: ChatRequest) -> dict[str, Any]:
    """A whole answer: text, json (None without a schema, or cut off), calls, finish, usage."""
    text, calls, finish, usage = "", list[ToolCall](), "stop", Usage()
    async for part in driver.chat(request):
        text += part.text
        calls += part.tool_calls
        finish, usage = part.finish or finish, part.usage or usage
    return {
        "text": text,
        "json": None if request.schema is None else _json(text),
        "calls": [{"name": call.name, "arguments": _json(call.arguments)} for call in calls],
        "finish": finish,
        "usage": msgspec.to_builtins(usage),
    }


async def choose(driver: Driver, text: str, labels: Sequence[str], language: str) -> Understood:
    """The label of a text, by a chat model.

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
    )
    said = (await answer(driver, request))["json"]
    label = str(said.get("label")) if isinstance(said, Mapping) else _NONE
    return Understood(label if label in labels else _NONE, 1.0 if label in labels else 0.0,
                      language=language)  # fmt: skip


def _json(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return None
