"""A Hugging Face folder (Llama, Qwen, Gemma) as an MLC folder: fused, quantised, templated."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from edge_agent.models import quantization
from edge_agent.models.compiling.safetensors import Tensors
from edge_agent.models.geometry import Geometry, geometry
from edge_agent.models.runtime.folder import Array, BrokenFolder, read_json
from edge_agent.models.templates import template_for

QUANTIZATIONS = ("q4f32_1", "q4f16_1", "q0f32", "q0f16")
_SHARD_BYTES = 32 << 20
_TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "tokenizer.model", "vocab.json",
              "merges.txt", "added_tokens.json")  # fmt: skip
_QUANTISED = ("embed_tokens", "_proj", "c_attn", "lm_head")


def convert(
    source: Path, out: Path, kind: str, progress: Callable[[int, int], None] = lambda done, of: None
) -> dict[str, Any]:
    """Write an MLC folder; returns its config. `progress` hears of tensors done, of all.

    Raises:
        BrokenFolder: the folder is no model, or misses tensors.
        ValueError: the family or the quantisation is not supported.
    """
    if kind not in QUANTIZATIONS:
        raise ValueError(f"no quantisation `{kind}`; there are {', '.join(QUANTIZATIONS)}")
    config = read_json(source / "config.json")
    shape = geometry(config)
    out.mkdir(parents=True, exist_ok=True)
    tensors = Tensors(source)
    writer = _Writer(out)
    names = list(_names(shape))
    for done, (name, parts) in enumerate(names):
        for stored, values in _stored(name, _fused(parts, tensors, shape), kind):
            writer.add(stored, values)
        progress(done + 1, len(names))
    writer.close()
    for file in _TOKENIZER:
        if (source / file).exists():
            shutil.copyfile(source / file, out / file)
    said = _config(source, config, shape, kind)
    (out / "mlc-chat-config.json").write_bytes(
        msgspec.json.format(msgspec.json.encode(said), indent=2)
    )
    return said


def _names(shape: Geometry) -> Iterator[tuple[str, tuple[str, ...]]]:
    """MLC's tensors, each with those of Hugging Face it is made of, stacked."""
    yield "model.embed_tokens.weight", ("model.embed_tokens.weight",)
    attention = "c_attn" if shape.family.startswith("qwen") else "qkv_proj"
    for index in range(shape.layers):
        at = f"model.layers.{index}."
        for part in ("weight", *(["bias"] if shape.attention_bias else [])):
            parts = tuple(f"{at}self_attn.{each}_proj.{part}" for each in "qkv")
            yield f"{at}self_attn.{attention}.{part}", parts
        yield f"{at}self_attn.o_proj.weight", (f"{at}self_attn.o_proj.weight",)
        parts = (f"{at}mlp.gate_proj.weight", f"{at}mlp.up_proj.weight")
        yield f"{at}mlp.gate_up_proj.weight", parts
        plain = ["mlp.down_proj", "input_layernorm", "post_attention_layernorm"]
        plain += ["self_attn.q_norm", "self_attn.k_norm"] if shape.normed_heads else []
        for name in plain:
            yield f"{at}{name}.weight", (f"{at}{name}.weight",)
    yield "model.norm.weight", ("model.norm.weight",)
    if not shape.tied:
        yield "lm_head.weight", ("lm_head.weight",)


def _fused(parts: tuple[str, ...], tensors: Mapping[str, Array], shape: Geometry) -> Array:
    missing = [part for part in parts if part not in tensors]
    if missing:
        raise BrokenFolder(f"the weights have no tensor `{missing[0]}`")
    whole = np.concatenate([tensors[part] for part in parts])
    # Gemma's norms multiply by one more than they store (its reference implementation).
    return whole + 1 if shape.family == "gemma" and parts[0].endswith("norm.weight") else whole


def _stored(name: str, values: Array, kind: str) -> Iterator[tuple[str, Array]]:
    module, _, part = name.rpartition(".")
    model_type = np.float16 if kind[2:].startswith("f16") else np.float32
    if not (kind.startswith("q4") and part == "weight" and module.endswith(_QUANTISED)):
        yield name, values.astype(model_type)
        return
    nibbles, scales = quantization.quantised(values)
    yield f"{module}.q_weight", quantization.stored(nibbles)
    yield f"{module}.q_scale", scales.astype(model_type)


class _Writer:
    """Shards and their index (`tensor-cache.json`)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._shards: list[dict[str, Any]] = []
        self._records: list[dict[str, Any]] = []
        self._data = bytearray()

    def add(self, name: str, values: Array) -> None:
        if self._data and len(self._data) + values.nbytes > _SHARD_BYTES:
            self._flush()
        self._records.append(
            {
                "name": name,
                "shape": list(values.shape),
                "dtype": str(values.dtype),
                "format": "raw",
                "nbytes": values.nbytes,
                "byteOffset": len(self._data),
            }
        )
        self._data += np.ascontiguousarray(values).tobytes()

    def close(self) -> None:
        self._flush()
        index = {"metadata": {}, "records": self._shards}
        path = self._folder / "tensor-cache.json"
        path.write_bytes(msgspec.json.format(msgspec.json.encode(index), indent=1))

    def _flush(self) -> None:
        name = f"params_shard_{len(self._shards)}.bin"
        (self._folder / name).write_bytes(self._data)
        self._shards.append(
            {
                "dataPath": name,
                "format": "raw-shard",
                "nbytes": len(self._data),
                "records": self._records,
            }
        )
        self._records, self._data = [], bytearray()


def _config(source: Path, config: Mapping[str, Any], shape: Geometry, kind: str) -> dict[str, Any]:
    generation = source / "generation_config.json"
    said = read_json(generation) if generation.exists() else {}
    keep = {key: said[key] for key in ("temperature", "top_p", "repetition_penalty") if key in said}
    return {
        "version": "0.1.0",
        "model_type": config["model_type"],
        "quantization": kind,
        "model_config": {key: value for key, value in config.items() if key != "architectures"},
        "vocab_size": shape.vocabulary,
        "context_window_size": shape.context,
        "prefill_chunk_size": shape.chunk,
        "tokenizer_files": [name for name in _TOKENIZER if (source / name).exists()],
        "conv_template": template_for(shape.family, source),
        "eos_token_id": said.get("eos_token_id", config.get("eos_token_id", [])),
        "bos_token_id": said.get("bos_token_id", config.get("bos_token_id")),
        **keep,
    }
