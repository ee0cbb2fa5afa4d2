"""Stands in for the package mlc_llm: the calls of its `AsyncMLCEngine` that we make, no model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar


class BadRequestError(ValueError):
    """As in `mlc_llm/protocol/error_protocol.py`."""


class AsyncMLCEngine:
    """Answers with the words of the last message; remembers what it was asked."""

    made: ClassVar[list[AsyncMLCEngine]] = []

    def __init__(
        self,
        model: str,
        device: str = "auto",
        *,
        model_lib: str | None = None,
        mode: str = "local",
        engine_config: Any = None,
        enable_tracing: bool = False,
    ) -> None:
        if not (Path(model) / "mlc-chat-config.json").exists():
            raise ValueError(f"{model} is no model")
        self.asked: list[dict[str, Any]] = []
        self.aborted: list[str] = []
        self.terminated = False
        self.chat = SimpleNamespace(completions=SimpleNamespace(create=self._create))
        self.made.append(self)

    async def abort(self, request_id: str) -> None:
        """Remember it."""
        self.aborted.append(request_id)

    def terminate(self) -> None:
        """Remember it."""
        self.terminated = True

    async def _create(self, *, messages: list[dict[str, Any]], stream: bool, **said: Any) -> Any:
        assert stream
        self.asked.append({"messages": messages, **said})
        return self._answer(str(messages[-1]["content"]), said)

    async def _answer(self, text: str, said: dict[str, Any]) -> AsyncIterator[Any]:
        if text == "bad":
            raise BadRequestError("the request is bad")
        words = [text] if "response_format" in said else text.split(" ")
        for number, word in enumerate(words[: said.get("max_tokens") or len(words)]):
            await asyncio.sleep(0)
            yield _event(word if number == 0 else f" {word}", None)
        yield _event(
            "", "stop" if len(words) <= (said.get("max_tokens") or len(words)) else "length"
        )
        usage = SimpleNamespace(prompt_tokens=3, completion_tokens=len(words), total_tokens=0)
        yield SimpleNamespace(choices=[], usage=usage)


def _event(text: str, finish: str | None) -> Any:
    delta = SimpleNamespace(content=text, role="assistant", tool_calls=None)
    choice = SimpleNamespace(delta=delta, finish_reason=finish, index=0)
    return SimpleNamespace(choices=[choice], usage=None)
