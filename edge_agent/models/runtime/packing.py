"""From the tensors of an MLC folder to the parameters of our own libraries."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from edge_agent.models import quantization
from edge_agent.models.runtime.folder import Array, BrokenFolder

_FUSED = {"qwen2": "self_attn.c_attn", "qwen3": "self_attn.c_attn"}
_LAYER = re.compile(r"layers\.(\d+)\.(.+)\.(q_weight|q_scale|weight|bias)")


def parameter(
    name: str, shape: list[int], tensors: Mapping[str, Array], geometry: Mapping[str, Any]
) -> Array:
    """One parameter of a library packed by us, float32, int32 or uint32.

    Raises:
        BrokenFolder: the folder lacks its tensor, or has it in another shape.
    """
    source = source_of(name, geometry)
    if source not in tensors:
        raise BrokenFolder(f"the weights have no tensor `{source}`")
    made = _packed(name, tensors[source], shape)
    if list(made.shape) != shape:
        raise BrokenFolder(f"`{source}` has the shape {list(made.shape)}, not {shape}")
    return made


def source_of(name: str, geometry: Mapping[str, Any]) -> str:
    """What MLC calls a parameter of ours."""
    found = _LAYER.fullmatch(name)
    if found is None:
        module, _, part = name.rpartition(".")
        if module == "lm_head":
            return f"model.embed_tokens.{part}" if geometry["tied"] else name
        return f"model.{name}"
    layer, module, part = found.groups()
    fused = _FUSED.get(str(geometry["family"]), "self_attn.qkv_proj")
    renamed = {"self_attn.qkv": fused, "gate_up": "mlp.gate_up_proj", "down": "mlp.down_proj"}
    return f"model.layers.{layer}.{renamed.get(module, module)}.{part}"


def _packed(name: str, tensor: Array, shape: list[int]) -> Array:
    module, _, part = name.rpartition(".")
    if module == "embed_tokens":
        return tensor if part == "q_weight" else tensor.astype(np.float32)
    if part == "bias":
        return _padded(tensor[:, None], shape[0])[:, 0].astype(np.float32)
    if module.endswith("norm"):
        return tensor.astype(np.float32)
    rows = _padded(tensor, shape[0] * quantization.LANES)
    if part == "q_weight":
        return quantization.packed_words(rows)
    return quantization.packed(rows)


def _padded(tensor: Array, rows: int) -> Array:
    """The tensor with rows of zeros up to a number of rows the kernels like."""
    missing = rows - tensor.shape[0]
    return np.pad(tensor, ((0, missing), (0, 0))) if missing > 0 else tensor
