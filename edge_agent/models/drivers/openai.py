"""The driver `openai`: any server with OpenAI's HTTP interface."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from math import exp
from statistics import fmean
from typing import Any

import httpx
import msgspec

from edge_agent.models.driver import ModelBusy, ModelError, ModelRefused, Place
from schemas.intent import Understood
from schemas.model import ChatPart, ChatRequest, Finish, ModelMetrics, ToolCall, Usage

_CONNECT_SECONDS, _ANSWER_SECONDS = 5.0, 120.0
_FINISHES: dict[str, Finish] = {"length": "length", "tool_calls": "tool_calls"}
_PLAIN = (
    "max_tokens", "temperature", "top_p", "frequency_penalty", "presence_penalty", "seed",
    "logit_bias", "stop", "tools",
)  # fmt: skip
_NOTHING: tuple[object, ...] = (None, [], {})  # 0 says something


class _NoLogprobs(ModelRefused):
    """The model does not tell the probabilities of its tokens."""


class OpenAiDriver:
    """A model on a server (mlc_llm serve, vLLM, llama.cpp, Ollama); nothing of it runs here."""

    does = frozenset({"chat", "embed"})

    def __init__(self, place: Place) -> None:
        self._place = place
        self._model = place.settings.name or place.name
        self._tells_confidence = True
        key = place.settings.key
        self._client = httpx.AsyncClient(
            base_url=place.settings.url.rstrip("/") + "/",
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=httpx.Timeout(_ANSWER_SECONDS, connect=_CONNECT_SECONDS),
        )

    async def load(self) -> None:
        """Nothing: the server may come later."""

    async def classify(self, text: str, language: str = "") -> Understood:
        """Chat models classify by answering in JSON (`tasks.py`)."""
        raise ModelRefused(f"`{self._place.name}` is a chat model: give it `labels` to choose from")

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """A vector for each text, as `/embeddings` makes them."""
        try:
            answer = await self._client.post(
                "embeddings", json={"model": self._model, "input": list(texts)}
            )
            said = _checked(answer)
            rows = sorted(said["data"], key=lambda row: row["index"])
            return [[float(value) for value in row["embedding"]] for row in rows]
        except (httpx.HTTPError, KeyError, ValueError, ModelError) as error:
            raise self._failed(error) from None

    async def chat(self, request: ChatRequest) -> AsyncGenerator[ChatPart, None]:
        """The answer, streamed by `/chat/completions`."""
        if not self._tells_confidence:
            request = msgspec.structs.replace(request, confidence=False)
        try:
            async for part in self._streamed(request):
                yield part
        except _NoLogprobs:  # reasoning models do not: not asked again
            self._tells_confidence = False
            async for part in self.chat(request):
                yield part
        except (httpx.HTTPError, KeyError, ValueError, ModelError) as error:
            raise self._failed(error) from None

    async def _streamed(self, request: ChatRequest) -> AsyncGenerator[ChatPart, None]:
        body = _body(self._model, request)
        async with self._client.stream("POST", "chat/completions", json=body) as answer:
            if answer.status_code >= 400:
                await answer.aread()
                if request.confidence and "logprobs" in answer.text:
                    raise _NoLogprobs(_reason(answer))
                _checked(answer)
            async for part in _parts(answer):
                yield part

    async def metrics(self) -> ModelMetrics:
        """Nothing: the server does not tell."""
        return ModelMetrics()

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def _failed(self, error: Exception) -> ModelError:
        if isinstance(error, ModelError):
            return error
        where = f"{self._client.base_url}"
        if isinstance(error, httpx.HTTPError):
            return ModelError(f"{where}: {str(error) or type(error).__name__}")
        return ModelError(f"{where}: an answer that is not of OpenAI's shape: {error!r}")


def make(place: Place) -> OpenAiDriver:
    """The driver of a place."""
    return OpenAiDriver(place)


def _body(model: str, request: ChatRequest) -> dict[str, Any]:
    body: dict[str, Any] = {
        "model": model,
        "messages": request.messages,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    body |= {key: value for key in _PLAIN if (value := getattr(request, key)) not in _NOTHING}
    if request.confidence:
        body["logprobs"] = True
    if request.tools:
        body["tool_choice"] = request.tool_choice
    if request.schema is not None:
        body["response_format"] = _format(request.schema)
    return body


def _format(schema: Mapping[str, Any]) -> dict[str, Any]:
    if not schema:
        return {"type": "json_object"}
    named = {"name": "answer", "schema": schema, "strict": True}
    return {"type": "json_schema", "json_schema": named}


async def _parts(answer: httpx.Response) -> AsyncIterator[ChatPart]:
    """The server-sent events of an answer as parts; the last one says how it finished."""
    calls: dict[int, dict[str, str]] = {}
    finish: Finish | None = None
    usage: Usage | None = None
    logprobs: list[float] = []
    async for line in answer.aiter_lines():
        name, _, data = line.partition(":")
        if name != "data" or data.strip() in ("", "[DONE]"):
            continue
        event = msgspec.json.decode(data.strip())
        if event.get("error"):
            raise ModelError(str(event["error"]))
        if said := event.get("usage"):
            usage = Usage(said.get("prompt_tokens", 0), said.get("completion_tokens", 0))
        for choice in event.get("choices", ())[:1]:
            delta = choice.get("delta") or {}
            _collect(calls, delta.get("tool_calls") or ())
            tokens = (choice.get("logprobs") or {}).get("content") or ()
            logprobs += [token["logprob"] for token in tokens]
            if text := delta.get("content"):
                yield ChatPart(text=text)
            if reason := choice.get("finish_reason"):
                finish = _FINISHES.get(reason, "stop")
    made = [ToolCall(each["id"], each["name"], each["arguments"]) for each in calls.values()]
    yield ChatPart(
        tool_calls=made,
        finish="tool_calls" if made else finish or "stop",
        usage=usage,
        confidence=exp(fmean(logprobs)) if logprobs else None,
    )


def _collect(calls: dict[int, dict[str, str]], pieces: Sequence[dict[str, Any]]) -> None:
    """Tool calls come in pieces that are told apart by their index."""
    for piece in pieces:
        call = calls.setdefault(piece.get("index", 0), {"id": "", "name": "", "arguments": ""})
        function = piece.get("function") or {}
        call["id"] += piece.get("id") or ""
        call["name"] += function.get("name") or ""
        call["arguments"] += function.get("arguments") or ""


def _checked(answer: httpx.Response) -> Any:
    """The answer's JSON.

    Raises:
        ModelRefused, ModelBusy, ModelError: the server says no; the text says what it said.
    """
    if answer.status_code < 400:
        return answer.json()
    text = _reason(answer)
    if answer.status_code == 429:
        raise ModelBusy(text, _seconds(answer.headers.get("retry-after", "")))
    kind = ModelRefused if answer.status_code < 500 else ModelError
    raise kind(f"{answer.url}: {answer.status_code} {text}")


def _seconds(retry_after: str) -> float:
    """What the header says; it may be a date, too."""
    return float(retry_after) if retry_after.isdecimal() else 1.0


def _reason(answer: httpx.Response) -> str:
    try:
        said = answer.json()
    except ValueError:
        return answer.text[:200]
    error = said.get("error", said) if isinstance(said, dict) else said
    return str(error.get("message", error) if isinstance(error, dict) else error)[:500]
