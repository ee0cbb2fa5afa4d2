"""A decoder model's geometry, as `mlc-chat-config.json` or a Hugging Face `config.json` says it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct

Family = Literal["llama", "qwen2", "qwen3", "gemma"]
_FAMILIES: dict[str, Family] = {
    "llama": "llama", "mistral": "llama", "qwen2": "qwen2", "qwen3": "qwen3", "gemma": "gemma",
}  # fmt: skip
_CHUNK, _CONTEXT_MOST = 512, 8192
_LLAMA3 = (
    "factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings",
)  # fmt: skip


class Geometry(Struct, frozen=True):
    """Sizes and constants of a decoder-only transformer; `head_dim`, `rope_theta` and the like as
    their papers name them. `attention_bias` is of the query, key and value projections."""

    family: Family
    hidden: int
    feed_forward: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    epsilon: float
    rope_theta: float
    rope_scaling: dict[str, Any]
    tied: bool
    attention_bias: bool
    context: int
    chunk: int

    @property
    def projected(self) -> int:
        """Width of the fused query, key and value projection."""
        return (self.heads + 2 * self.kv_heads) * self.head_dim

    @property
    def normed_heads(self) -> bool:
        """Whether queries and keys are normalised head by head (Qwen 3)."""
        return self.family == "qwen3"


def geometry(config: Mapping[str, Any]) -> Geometry:
    """Read a config of either kind.

    Raises:
        ValueError: the family is not supported, or a size is missing or impossible.
    """
    model = {**config, **config.get("model_config", {})}
    kind = str(config.get("model_type", model.get("model_type", "")))
    family = _FAMILIES.get(kind)
    if family is None:
        known = ", ".join(sorted(_FAMILIES))
        raise ValueError(f"models of type `{kind}` cannot be compiled; supported: {known}")
    try:
        found = _read(family, model)
    except KeyError as missing:
        raise ValueError(f"the model's config says no `{missing.args[0]}`") from None
    except (TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"the model's config: {error}") from None
    return _checked(found)


def _read(family: Family, model: Mapping[str, Any]) -> Geometry:
    heads, hidden = int(model["num_attention_heads"]), int(model["hidden_size"])
    context = int(
        model.get("context_window_size") or model.get("max_position_embeddings") or _CONTEXT_MOST
    )
    if context <= 0:
        context = _CONTEXT_MOST
    theta, scaling = _rope(model)
    chunk = int(model.get("prefill_chunk_size") or _CHUNK)
    return Geometry(
        family=family,
        hidden=hidden,
        feed_forward=int(model["intermediate_size"]),
        layers=int(model["num_hidden_layers"]),
        heads=heads,
        kv_heads=int(model.get("num_key_value_heads") or heads),
        head_dim=int(model.get("head_dim") or hidden // heads),
        vocabulary=int(model["vocab_size"]),
        epsilon=float(model["rms_norm_eps"]),
        rope_theta=theta,
        rope_scaling=scaling,
        tied=bool(model.get("tie_word_embeddings", family == "gemma")),
        attention_bias=bool(model.get("attention_bias", family == "qwen2")),
        context=context,
        chunk=min(chunk, context, _CHUNK),
    )


def _rope(model: Mapping[str, Any]) -> tuple[float, dict[str, Any]]:
    """The base of rotary positions, and how they are scaled; nothing when they are not.

    transformers 5 writes both as `rope_parameters`, mlc-llm the base as `position_embedding_base`.
    """
    said = {**(model.get("rope_scaling") or {}), **(model.get("rope_parameters") or {})}
    theta = model.get("position_embedding_base") or said.get("rope_theta")
    kind = said.get("rope_type", said.get("type")) or "default"
    scaling = {} if kind == "default" else {**said, "rope_type": kind}
    return float(theta or model.get("rope_theta") or 1e4), scaling


def _checked(found: Geometry) -> Geometry:
    scaling = found.rope_scaling
    if scaling.get("rope_type", "llama3") != "llama3":
        raise ValueError(f"rope scaling `{scaling['rope_type']}` is not supported; llama3 is")
    if scaling and (missing := [key for key in _LLAMA3 if key not in scaling]):
        raise ValueError(f"the model's rope scaling says no `{missing[0]}`")
    if found.heads % found.kv_heads:
        raise ValueError("the attention heads must be a multiple of the key-value heads")
    if found.head_dim % 2:
        raise ValueError("the head dimension must be even")
    return found
