"""What models are asked and what they answer; OpenAI's words where it has them."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

Finish = Literal["stop", "length", "tool_calls", "abort"]
Priority = Literal["low", "normal", "high"]
Where = Literal["local", "cloud", "auto"]


class Asker(Struct, frozen=True, kw_only=True):
    """For whom a model is asked, which decides when its turn comes and which model it is.

    `session` names the conversation, which stays with one model; `labels` are those of the
    pipeline, or what the caller says of the request; `where` the model may run; `within` so many
    seconds the answer is wanted.
    """

    priority: Priority = "normal"
    session: str = ""
    labels: dict[str, str] = {}
    where: Where = "auto"
    within: float | None = None


NOBODY = Asker()


class ToolCall(Struct, frozen=True):
    """A function the model wants called; `arguments` is JSON text."""

    id: str
    name: str
    arguments: str


class ChatRequest(Struct, frozen=True, kw_only=True):
    """A conversation to be continued. `messages` have OpenAI's keys; `schema` is what the answer
    must be as JSON (an empty one: any JSON); `deadline` is in seconds from now. With `confidence`
    the answer tells how sure the model was of its words."""

    messages: list[dict[str, Any]]
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    seed: int | None = None
    logit_bias: dict[str, float] = {}
    stop: list[str] = []
    schema: dict[str, Any] | None = None
    tools: list[dict[str, Any]] = []
    tool_choice: str | dict[str, Any] = "auto"
    deadline: float | None = None
    priority: Priority = "normal"
    confidence: bool = False


class Usage(Struct, frozen=True):
    """Tokens of one answer; `cached` are those of the prompt that needed no work."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0


class ChatPart(Struct, frozen=True, kw_only=True):
    """A piece of an answer; the last one has `finish`, and `usage` where it is known.

    `confidence` is the geometric mean of the probabilities of its tokens, where it was asked for
    and is known; `model` is who answered.
    """

    text: str = ""
    tool_calls: list[ToolCall] = []
    finish: Finish | None = None
    usage: Usage | None = None
    confidence: float | None = None
    model: str = ""


class ModelMetrics(Struct, frozen=True):
    """What only a model's driver knows; the rest is measured where it is asked.

    `waiting`: requests that wait inside of it; `resident_bytes`: memory outside of the agent.
    """

    running: int = 0
    waiting: int = 0
    resident_bytes: int = 0


class LibraryFile(Struct, frozen=True):
    """One compiled library of a model; `target` is a processor as in `boards/`."""

    target: str
    file: str
    sha256: str
    size_bytes: int


class Manifest(Struct, frozen=True, kw_only=True):
    """What a model folder is: `manifest.json`, signed by `manifest.sig`.

    `kind` is decoder, intent, anomaly, or onnx for exported ones; `runtime` the least version of
    the TVM runtime, `files` the SHA-256 of every other file that is loaded.
    """

    name: str
    kind: Literal["decoder", "intent", "anomaly", "onnx"] = "decoder"
    version: str = ""
    runtime: str = "0.27"
    quantization: str = ""
    licence: str = ""
    source: str = ""
    libraries: list[LibraryFile] = []
    files: dict[str, str] = {}
