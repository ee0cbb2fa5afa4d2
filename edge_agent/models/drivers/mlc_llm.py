"""The driver `mlc_llm`: mlc-llm's own engine in this process, where its package is installed.

Written against `mlc_llm/serve/engine.py` of mlc-llm; no index we know of carries that package, so
it has run against a stand-in with the same calls only. `mlc_llm serve` with the driver `openai` is
the way that keeps native code out of the agent.
"""

from __future__ import annotations

import asyncio
import importlib
import uuid
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import msgspec

from edge_agent.models.driver import ModelError, ModelRefused, Place
from edge_agent.models.functions import calls_in, schema_of_calls
from schemas.intent import Understood
from schemas.model import ChatPart, ChatRequest, Finish, ModelMetrics, Usage

_PLAIN = (
    "max_tokens", "temperature", "top_p", "frequency_penalty", "presence_penalty", "seed", "stop",
)  # fmt: skip


class MlcLlmDriver:
    """A model folder on `AsyncMLCEngine`; the device is the one it finds."""

    does = frozenset({"chat"})

    def __init__(self, place: Place) -> None:
        self._place = place
        self._engine: Any = None
        self._running = 0

    async def load(self) -> None:
        """Make the engine, which loads the model.

        Raises:
            ModelError: the package is not there, or does not take the model.
        """
        try:
            package = importlib.import_module("mlc_llm")
        except ImportError as error:
            raise ModelError(f"the driver `mlc_llm` needs its package: {error}") from None
        try:
            self._engine = await asyncio.to_thread(package.AsyncMLCEngine, str(self._place.folder))
        except (RuntimeError, ValueError, OSError) as error:
            raise ModelError(f"`{self._place.name}`: {error}") from None

    async def classify(self, text: str, language: str = "") -> Understood:
        """Decoders generate; they do not classify."""
        raise ModelRefused(f"`{self._place.name}` is a chat model and does not classify")

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Decoders generate; they do not embed."""
        raise ModelRefused(f"`{self._place.name}` is a chat model and makes no embeddings")

    async def chat(self, request: ChatRequest) -> AsyncGenerator[ChatPart, None]:
        """The answer, piece by piece."""
        called = schema_of_calls(request)
        id, ended, held = f"hearth-{uuid.uuid4().hex}", False, ""
        finish, usage = "stop", None
        self._running += 1
        try:
            async for event in await self._begin(request, id, called):
                usage = _usage(event.usage) if event.usage is not None else usage
                for choice in event.choices[:1]:
                    finish = choice.finish_reason or finish
                    if called is not None:
                        held += choice.delta.content or ""
                    elif choice.delta.content:
                        yield ChatPart(text=choice.delta.content)
            ended = True
        except ValueError as error:  # mlc-llm's BadRequestError is one
            ended = True
            raise ModelRefused(str(error)) from None
        except RuntimeError as error:
            raise ModelError(str(error)) from None
        finally:
            self._running -= 1
            if not ended:
                await self._engine.abort(id)
        yield _end(held, finish, usage)

    async def metrics(self) -> ModelMetrics:
        """What runs; the engine's memory is the agent's own."""
        return ModelMetrics(running=self._running)

    async def close(self) -> None:
        """End the engine's threads."""
        if self._engine is not None:
            await asyncio.to_thread(self._engine.terminate)
            self._engine = None

    async def _begin(self, request: ChatRequest, id: str, called: dict[str, Any] | None) -> Any:
        """The stream of an answer; forced calls come as JSON, as with the other engines."""
        if self._engine is None:
            await self.load()
        said = {key: value for key in _PLAIN if (value := getattr(request, key)) is not None}
        schema = called if called is not None else request.schema
        if schema is not None:
            text = msgspec.json.encode(schema).decode()
            said["response_format"] = {"type": "json_object", "schema": text}
        if request.logit_bias:
            said["logit_bias"] = {int(token): bias for token, bias in request.logit_bias.items()}
        if request.tools:
            said |= {"tools": request.tools, "tool_choice": "auto"}
        return await self._engine.chat.completions.create(
            messages=request.messages,
            stream=True,
            stream_options={"include_usage": True},
            request_id=id,
            **said,
        )


def make(place: Place) -> MlcLlmDriver:
    """The driver of a place."""
    return MlcLlmDriver(place)


def _usage(said: Any) -> Usage:
    return Usage(said.prompt_tokens, said.completion_tokens)


def _end(held: str, finish: str, usage: Usage | None) -> ChatPart:
    calls = calls_in(held)
    if calls:
        return ChatPart(tool_calls=calls, finish="tool_calls", usage=usage)
    known: Finish = "length" if finish == "length" else "stop"
    return ChatPart(text=held, finish=known, usage=usage)
