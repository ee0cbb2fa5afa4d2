"""First a small model, then a larger one where the small one is not sure, fails, or is not asked.

What the small one said is kept: it is the answer after all when the larger cannot be reached.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Protocol, TypeVar

import msgspec

from edge_agent.models.choosing import Choice, Route
from edge_agent.models.driver import ModelError
from schemas.model import ChatPart, ChatRequest

T = TypeVar("T")
Counted = Callable[[Route, str], None]
"""Hears why the larger one is asked: unsure, failed or long."""


class Chat(Protocol):
    """Asks whom was chosen."""

    def __call__(self, choice: Choice, request: ChatRequest) -> AsyncGenerator[ChatPart, None]:
        """The answer, piece by piece."""


async def whole(
    route: Route, ask: Callable[[Choice], Awaitable[T]], sure: Callable[[T], float], count: Counted
) -> T:
    """A whole answer of one of the two."""
    try:
        answer = await ask(route.first)
    except ModelError:
        count(route, "failed")
        return await ask(route.then)
    if sure(answer) >= route.below:
        return answer
    count(route, "unsure")
    try:
        return await ask(route.then)
    except ModelError:
        return answer


async def streamed(
    route: Route, request: ChatRequest, chat: Chat, count: Counted
) -> AsyncGenerator[ChatPart, None]:
    """An answer of one of the two: the small one's at once, when it is known to be sure."""
    held, reason = await _of_the_first(route, request, chat)
    if not reason:
        for part in held:
            yield part
        return
    count(route, reason)
    begun = False
    try:
        async with aclosing(chat(route.then, request)) as parts:
            async for part in parts:
                begun = True
                yield part
    except ModelError:
        if begun or not held:
            raise
        for part in held:
            yield part


async def _of_the_first(
    route: Route, request: ChatRequest, chat: Chat
) -> tuple[list[ChatPart], str]:
    """What the small one says, and why that will not do."""
    if _length(request) > route.up_to:
        return [], "long"
    asked = msgspec.structs.replace(request, confidence=True)
    try:
        held = [part async for part in _closed(chat(route.first, asked))]
    except ModelError:
        return [], "failed"
    return held, "" if _sure(held, asked) >= route.below else "unsure"


async def _closed(parts: AsyncGenerator[ChatPart, None]) -> AsyncIterator[ChatPart]:
    async with aclosing(parts):
        async for part in parts:
            yield part


def _length(request: ChatRequest) -> int:
    """How much there is to read, in characters."""
    read = [request.messages, request.schema or {}, request.tools]
    return len(msgspec.json.encode(read).decode())


def _sure(parts: list[ChatPart], request: ChatRequest) -> float:
    """How sure an answer is; one that was cut off before its JSON was whole is not at all."""
    last = parts[-1] if parts else ChatPart()
    if request.schema is not None and last.finish == "length":
        return 0.0
    return 1.0 if last.confidence is None else last.confidence
