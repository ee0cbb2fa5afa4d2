"""What a compiled library says of itself, in mlc-llm's words: its limits and its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from edge_agent.models.quantization import PACKING
from edge_agent.models.runtime.folder import BrokenFolder

_AGAIN = "compile the model again: hearth models compile"


class Parameter(Struct, frozen=True):
    """One tensor that a library wants.

    In `shape` a name stands for a size of the folder's config (`vocab_size`), -1 for any size.
    """

    name: str
    shape: list[int | str]
    dtype: str

    def sizes(self, config: Mapping[str, Any]) -> list[int]:
        """Its shape as numbers; -1 where nothing says the size."""
        model = {**config, **config.get("model_config", {})}
        return [int(model.get(n, -1)) if isinstance(n, str) else n for n in self.shape]


class Metadata(Struct, frozen=True, kw_only=True):
    """What `_metadata` answers; `packing` and `geometry` are of our own libraries alone.

    Sizes are in tokens, -1: none.
    """

    params: list[Parameter]
    prefill_chunk_size: int
    context_window_size: int = -1
    sliding_window_size: int = -1
    max_batch_size: int | None = None
    tensor_parallel_shards: int = 1
    pipeline_parallel_stages: int = 1
    kv_state_kind: str = "kv_cache"
    model_task: str = "chat"
    packing: str | None = None
    geometry: dict[str, Any] = {}

    @property
    def context(self) -> int:
        """The longest sequence; within its window a sliding one is as any other."""
        sizes = [size for size in (self.context_window_size, self.sliding_window_size) if size > 0]
        return min(sizes)


def read_metadata(text: str) -> Metadata:
    """Decode what a library says.

    Raises:
        BrokenFolder: it is no library of a chat model, or of one that we cannot run.
    """
    try:
        said = msgspec.json.decode(text, type=Metadata)
    except msgspec.DecodeError as error:
        raise BrokenFolder(f"its metadata: {error}") from None
    if told := _refusal(said):
        raise BrokenFolder(told)
    return said


def _refusal(said: Metadata) -> str:
    """Why a library is none for us; empty when it is."""
    if said.packing not in (None, PACKING):
        return f"of another version of hearthflow; {_AGAIN}"
    if said.model_task != "chat" or said.kv_state_kind != "kv_cache":
        kind = said.kv_state_kind if said.model_task == "chat" else said.model_task
        return f"a library for {kind}; only chat models with a kv_cache run here"
    if said.tensor_parallel_shards > 1 or said.pipeline_parallel_stages > 1:
        return f"compiled for several GPUs; {_AGAIN}"
    if said.context_window_size <= 0 and said.sliding_window_size <= 0:
        return f"says no context_window_size; {_AGAIN}"
    return ""
