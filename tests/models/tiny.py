"""Tiny models with random weights as MLC folders, and what they must answer, computed by numpy.

The reference knows nothing of our kernels: it multiplies the dequantised weights in float64.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from edge_agent.models import quantization
from edge_agent.models.runtime.folder import Array

CONFIG: dict[str, Any] = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 32,
    "num_hidden_layers": 2,
    "vocab_size": 523,
    "rms_norm_eps": 1e-5,
    "context_window_size": 256,
    "prefill_chunk_size": 48,
    "rope_theta": 10000,
}
END = 1
TEMPLATE = {
    "name": "tiny",
    "roles": {"user": "USER", "assistant": "ASSISTANT"},
    "seps": ["\n"],
    "role_content_sep": ": ",
    "role_empty_sep": ":",
    "system_message": "You are tiny.",
    "system_template": "{system_message}\n",
    "stop_token_ids": [END],
}


class Tiny:
    """One model: its folder's tensors and its float weights."""

    def __init__(
        self,
        family: str,
        kind: str,
        *,
        seed: int = 0,
        config: dict[str, Any] = CONFIG,
        short: bool = False,
    ) -> None:
        self.family, self.kind, self.config = family, kind, config
        self.short = short  # float32 is stored as bfloat16, as mlc-llm does
        self.tensors: dict[str, Array] = {}
        self.weights: dict[str, Array] = {}
        self._random = np.random.default_rng(seed)
        self._fill()

    def _fill(self) -> None:
        config, head = self.config, self.config["head_dim"]
        hidden, inner = config["hidden_size"], config["intermediate_size"]
        wide = (config["num_attention_heads"] + 2 * config["num_key_value_heads"]) * head
        self._linear("model.embed_tokens", config["vocab_size"], hidden)
        for index in range(config["num_hidden_layers"]):
            at = f"model.layers.{index}."
            self._linear(at + self.fused, wide, hidden, bias=self.family == "qwen2")
            self._linear(at + "self_attn.o_proj", hidden, config["num_attention_heads"] * head)
            self._linear(at + "mlp.gate_up_proj", 2 * inner, hidden)
            self._linear(at + "mlp.down_proj", hidden, inner)
            self._norm(at + "input_layernorm", hidden)
            self._norm(at + "post_attention_layernorm", hidden)
            if self.family == "qwen3":
                self._norm(at + "self_attn.q_norm", head)
                self._norm(at + "self_attn.k_norm", head)
        self._norm("model.norm", hidden)
        if self.family != "gemma" and not config.get("tie_word_embeddings"):
            self._linear("lm_head", config["vocab_size"], hidden)

    @property
    def fused(self) -> str:
        return "self_attn.c_attn" if self.family.startswith("qwen") else "self_attn.qkv_proj"

    def _linear(self, name: str, rows: int, columns: int, *, bias: bool = False) -> None:
        drawn = self._random.normal(size=(rows, columns)) / np.sqrt(columns)
        weight = drawn.astype(np.float32)
        if self.kind.startswith("q4"):
            nibbles, scales = quantization.quantised(weight)
            scales = self._stored(scales.astype(np.float16 if "f16" in self.kind else np.float32))
            self.tensors[f"{name}.q_weight"] = quantization.stored(nibbles)
            self.tensors[f"{name}.q_scale"] = scales
            steps = np.repeat(scales.astype(np.float64), quantization.GROUP, axis=1)
            self.weights[name] = (nibbles.astype(np.float64) - 7) * steps
        else:
            stored = self._stored(weight.astype(np.float16 if "f16" in self.kind else np.float32))
            self.tensors[f"{name}.weight"] = stored
            self.weights[name] = stored.astype(np.float64)
        if bias:
            self._vector(f"{name}.bias", rows, 0.0)

    def _norm(self, name: str, size: int) -> None:
        self._vector(f"{name}.weight", size, 1.0)

    def _vector(self, name: str, size: int, middle: float) -> None:
        drawn = middle + self._random.normal(size=size) / 10
        values = self._stored(drawn.astype(np.float16 if "f16" in self.kind else np.float32))
        self.tensors[name], self.weights[name] = values, values.astype(np.float64)

    def _stored(self, values: Array) -> Array:
        if not self.short or values.dtype != np.float32:
            return values
        return (values.view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)

    def write(self, folder: Path, *, index: str = "tensor-cache.json", shards: int = 2) -> None:
        """The folder as mlc-llm writes it."""
        folder.mkdir(parents=True, exist_ok=True)
        names = list(self.tensors)
        records = []
        for number in range(shards):
            records.append(self._shard(folder, number, names[number::shards]))
        (folder / index).write_bytes(msgspec.json.encode({"metadata": {}, "records": records}))
        config = {
            "model_type": self.family,
            "quantization": self.kind,
            "model_config": self.config,
            "vocab_size": self.config["vocab_size"],
            "eos_token_id": END,
            "conv_template": TEMPLATE,
        }
        (folder / "mlc-chat-config.json").write_bytes(msgspec.json.encode(config))
        tokenizer().save(str(folder / "tokenizer.json"))

    def _shard(self, folder: Path, number: int, names: Sequence[str]) -> dict[str, Any]:
        data, records = bytearray(), []
        for name in names:
            tensor = self.tensors[name]
            about = {"name": name, "shape": list(tensor.shape), "dtype": str(tensor.dtype)}
            stored, format = tensor, "f32-to-bf16" if self.short else "raw"
            if self.short and tensor.dtype == np.float32:
                stored = (tensor.view(np.uint32) >> 16).astype(np.uint16)
            place = {"nbytes": stored.nbytes, "byteOffset": len(data), "format": format}
            records.append({**about, **place})
            data += stored.tobytes()
        file = f"params_shard_{number}.bin"
        (folder / file).write_bytes(data)
        return {"dataPath": file, "nbytes": len(data), "format": "raw-shard", "records": records}

    def logits(self, ids: Sequence[int]) -> Array:
        """The logits after the last of these tokens."""
        weights, config = self.weights, self.config
        x = weights["model.embed_tokens"][list(ids)]
        if self.family == "gemma":
            x = x * config["hidden_size"] ** 0.5
        for index in range(config["num_hidden_layers"]):
            at = f"model.layers.{index}."
            x = x + self._attention(at, _normed(x, weights[at + "input_layernorm.weight"]))
            y = _normed(x, weights[at + "post_attention_layernorm.weight"])
            gate, up = np.split(y @ weights[at + "mlp.gate_up_proj"].T, 2, axis=-1)
            act = _gelu(gate) if self.family == "gemma" else gate / (1 + np.exp(-gate))
            x = x + (act * up) @ weights[at + "mlp.down_proj"].T
        head = weights.get("lm_head", weights["model.embed_tokens"])
        last: Array = _normed(x[-1], weights["model.norm.weight"]) @ head.T
        return last

    def greedy(self, ids: Sequence[int], count: int) -> list[int]:
        """The likeliest tokens that follow."""
        known = list(ids)
        for _ in range(count):
            known.append(int(self.logits(known).argmax()))
        return known[len(ids) :]

    def _attention(self, at: str, x: Array) -> Array:
        weights, config = self.weights, self.config
        size = config["head_dim"]
        heads, keys, length = config["num_attention_heads"], config["num_key_value_heads"], len(x)
        qkv = x @ weights[at + self.fused].T + weights.get(at + self.fused + ".bias", 0.0)
        q, k, v = np.split(qkv.reshape(length, -1, size), [heads, heads + keys], axis=1)
        if self.family == "qwen3":
            q = _normed(q, weights[at + "self_attn.q_norm.weight"])
            k = _normed(k, weights[at + "self_attn.k_norm.weight"])
        q, k = _rotated(q), np.repeat(_rotated(k), heads // keys, axis=1)
        scores = np.einsum("qhd,khd->hqk", q, k) / np.sqrt(size)
        scores += np.triu(np.full((length, length), -np.inf), 1)
        shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
        shares /= shares.sum(axis=-1, keepdims=True)
        seen = np.einsum("hqk,khd->qhd", shares, np.repeat(v, heads // keys, axis=1))
        out: Array = seen.reshape(length, -1) @ weights[at + "self_attn.o_proj"].T
        return out


def _normed(x: Array, weight: Array) -> Array:
    scale = np.sqrt((x * x).mean(axis=-1, keepdims=True) + CONFIG["rms_norm_eps"])
    normed: Array = x / scale * weight
    return normed


def _gelu(x: Array) -> Array:
    inner: Array = 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
    return inner


def _rotated(x: Array) -> Array:
    """Rotary positions: halves of each head turned by position times frequency."""
    half = x.shape[-1] // 2
    frequencies = CONFIG["rope_theta"] ** (-np.arange(half) / half)
    angles = np.arange(len(x))[:, None] * frequencies
    cosine, sine = (np.concatenate([f(angles)] * 2, axis=1)[:, None] for f in (np.cos, np.sin))
    turned: Array = x * cosine + np.concatenate([-x[..., half:], x[..., :half]], axis=-1) * sine
    return turned


def tokenizer() -> Tokenizer:
    """A byte-level BPE tokenizer of a little English."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    text = ["Turn on the light in the kitchen. USER: what is it? ASSISTANT: it is 21 degrees."] * 3
    trainer = trainers.BpeTrainer(
        vocab_size=CONFIG["vocab_size"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=["<s>", "</s>"],
    )
    made.train_from_iterator(text, trainer)
    return made
