"""Functions a model may call: how a prompt tells of them, and what calls look like as JSON."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import msgspec

from edge_agent.models.driver import ModelRefused
from schemas.model import ChatRequest, ToolCall

_ANY_ARGUMENTS: dict[str, Any] = {"type": "object"}


def told_functions(tools: Sequence[dict[str, Any]]) -> str:
    """The functions as JSON, for the place a conversation template has for them."""
    return msgspec.json.encode([tool.get("function", tool) for tool in tools]).decode()


def schema_of_calls(request: ChatRequest) -> dict[str, Any] | None:
    """The JSON Schema of one call that the request forces; None when it may just talk.

    Raises:
        ModelRefused: the function it must call is not among its tools.
    """
    choice = request.tool_choice
    if not request.tools or choice in ("auto", "none"):
        return None
    wanted = choice.get("function", {}).get("name") if isinstance(choice, dict) else None
    functions = [tool.get("function", tool) for tool in request.tools]
    chosen = [each for each in functions if wanted is None or each.get("name") == wanted]
    if not chosen:
        raise ModelRefused(f"tool_choice names `{wanted}`, which is no tool of this request")
    return {"anyOf": [_call(function) for function in chosen]}


def calls_in(text: str) -> list[ToolCall]:
    """The calls an answer holds; none when it is no call."""
    try:
        said = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return []
    if not isinstance(said, dict) or not isinstance(said.get("name"), str):
        return []
    arguments = msgspec.json.encode(said.get("arguments", {})).decode()
    return [ToolCall(f"call_{uuid.uuid4().hex[:24]}", said["name"], arguments)]


def _call(function: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "name": {"const": function["name"]},
            "arguments": function.get("parameters", _ANY_ARGUMENTS),
        },
        "required": ["name", "arguments"],
        "additionalProperties": False,
    }
