"""A Llama library as mlc-llm compiles one, made without any of our compiler.

Module names, parameters, functions, their arguments and `_metadata` follow mlc-llm's
`llama_model.py`, `group_quantization.py` and `compile.py`; kernels and schedules are tvm's own.
"""

# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201, ANN202

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import tvm
from tvm import relax, te
from tvm.relax.frontend import nn
from tvm.relax.frontend.nn import op, spec
from tvm.relax.frontend.nn.llm.kv_cache import PagedKVCache, RopeMode, TIRPagedKVCache

_SIZES = (
    "max_batch_size", "max_total_seq_len", "prefill_chunk_size", "page_size",
    "support_sliding_window",
)  # fmt: skip


class Kind(NamedTuple):
    """A quantisation of mlc-llm's: whether weights are nibbles, and the type of the rest."""

    quantised: bool
    dtype: str


def kind_named(name: str) -> Kind:
    return Kind(name.startswith("q4"), "float16" if "f16" in name else "float32")


def _dequantised(storage, scales, rows, columns):
    def value(i, k):
        nibble = tvm.tirx.shift_right(storage[i, k // 8], ((k % 8) * 4).astype("uint32")) & 15
        return (nibble.astype(scales.dtype) - 7) * scales[i, k // 32]

    return te.compute((rows, columns), value, name="dequantize")


class Matrix(nn.Module):
    """One matrix, whole or as `q_weight` and `q_scale`; `rows` may be a name, as the vocabulary's
    is."""

    def __init__(self, rows: int | str, columns: int, kind: Kind) -> None:
        self.columns, self.kind = columns, kind
        if kind.quantised:
            self.q_weight = nn.Parameter((rows, columns // 8), "uint32")
            self.q_scale = nn.Parameter((rows, columns // 32), kind.dtype)
        else:
            self.weight = nn.Parameter((rows, columns), kind.dtype)

    def whole(self):
        if not self.kind.quantised:
            return self.weight
        rows = self.q_weight.shape[0]
        return op.tensor_expr_op(
            lambda storage, scales: _dequantised(storage, scales, rows, self.columns),
            "dequantize",
            [self.q_weight, self.q_scale],
        )

    def forward(self, x, out_dtype=None):
        return op.matmul(x, op.permute_dims(self.whole()), out_dtype or self.kind.dtype)

    def rows(self, ids):
        return op.take(self.whole(), ids, axis=0)


class Attention(nn.Module):
    def __init__(self, config: dict[str, Any], kind: Kind) -> None:
        self.heads, self.size = config["num_attention_heads"], config["head_dim"]
        self.wide = self.heads + 2 * config["num_key_value_heads"]
        self.qkv_proj = Matrix(self.wide * self.size, config["hidden_size"], kind)
        self.o_proj = Matrix(config["hidden_size"], self.heads * self.size, kind)

    def forward(self, x, cache, layer):
        batch, length, _ = x.shape
        qkv = op.reshape(self.qkv_proj(x), (batch, length, self.wide, self.size))
        seen = cache.attention_with_fused_qkv(layer, qkv, self.heads, sm_scale=self.size**-0.5)
        return self.o_proj(op.reshape(seen, (batch, length, self.heads * self.size)))


class FeedForward(nn.Module):
    def __init__(self, config: dict[str, Any], kind: Kind) -> None:
        hidden, inner = config["hidden_size"], config["intermediate_size"]
        self.gate_up_proj = Matrix(2 * inner, hidden, kind)
        self.down_proj = Matrix(hidden, inner, kind)

    def forward(self, x):
        gate, up = op.split(self.gate_up_proj(x), 2, axis=-1)
        return self.down_proj(op.silu(gate) * up)


class Layer(nn.Module):
    def __init__(self, config: dict[str, Any], kind: Kind) -> None:
        hidden, epsilon = config["hidden_size"], config["rms_norm_eps"]
        self.self_attn = Attention(config, kind)
        self.mlp = FeedForward(config, kind)
        self.input_layernorm = _norm(hidden, epsilon, kind)
        self.post_attention_layernorm = _norm(hidden, epsilon, kind)

    def forward(self, x, cache, layer):
        x = x + self.self_attn(self.input_layernorm(x), cache, layer)
        return x + self.mlp(self.post_attention_layernorm(x))


def _norm(hidden, epsilon, kind):
    return nn.RMSNorm(hidden, -1, epsilon, bias=False, dtype=kind.dtype)


class Body(nn.Module):
    def __init__(self, config: dict[str, Any], kind: Kind) -> None:
        hidden, layers = config["hidden_size"], config["num_hidden_layers"]
        self.embed_tokens = Matrix("vocab_size", hidden, kind)
        self.layers = nn.ModuleList([Layer(config, kind) for _ in range(layers)])
        self.norm = _norm(hidden, config["rms_norm_eps"], kind)

    def forward(self, x, cache):
        for index, layer in enumerate(self.layers):
            x = layer(x, cache, index)
        return self.norm(x)


class Llama(nn.Module):
    """The functions that mlc-llm's engine asks a library for, as far as the CPU needs them."""

    def __init__(self, config: dict[str, Any], target: Any, kind: Kind) -> None:
        self.config, self.target, self.kind = config, target, kind
        self.model = Body(config, kind)
        tied = config.get("tie_word_embeddings")
        self.lm_head = None if tied else Matrix("vocab_size", config["hidden_size"], kind)

    def _logits(self, x):
        return (self.lm_head or self.model.embed_tokens)(x, "float32")

    def embed(self, input_ids):
        return self.model.embed_tokens.rows(input_ids)

    def prefill(self, input_embed, paged_kv_cache):
        def last(x):
            batch, length, width = x.shape
            return te.compute((batch, 1, width), lambda i, _, k: x[i, length - 1, k], name="index")

        x = op.tensor_expr_op(last, "index", [self.model(input_embed, paged_kv_cache)])
        return self._logits(x), paged_kv_cache

    def decode(self, input_embed, paged_kv_cache):
        return self._logits(self.model(input_embed, paged_kv_cache)), paged_kv_cache

    def batch_prefill(self, input_embeds, logit_positions, paged_kv_cache):
        x = op.take(self.model(input_embeds, paged_kv_cache), logit_positions, axis=1)
        return self._logits(x), paged_kv_cache

    def batch_decode(self, input_embeds, paged_kv_cache):
        return self._logits(self.model(input_embeds, paged_kv_cache)), paged_kv_cache

    def create_tir_paged_kv_cache(
        self, max_batch_size, max_total_seq_len, prefill_chunk_size, page_size,
        support_sliding_window,
    ):  # fmt: skip
        config = self.config
        return TIRPagedKVCache(
            attn_kind="mha", max_batch_size=max_batch_size, max_total_seq_len=max_total_seq_len,
            prefill_chunk_size=prefill_chunk_size, page_size=page_size,
            support_sliding_window=support_sliding_window,
            layer_partition=relax.ShapeExpr([0, config["num_hidden_layers"]]),
            num_hidden_layers=config["num_hidden_layers"],
            num_attention_heads=config["num_attention_heads"],
            num_key_value_heads=config["num_key_value_heads"],
            qk_head_dim=config["head_dim"], v_head_dim=config["head_dim"],
            mla_original_qk_head_dim=0, mla_original_v_head_dim=0,
            rope_mode=RopeMode.NORMAL, rope_scale=1, rope_theta=config["rope_theta"],
            rope_scaling={}, rope_ext_factors=relax.prim_value(0), rotary_dim=config["head_dim"],
            enable_disaggregation=False, dtype=self.kind.dtype, target=self.target,
        )  # fmt: skip

    def spec(self):
        hidden, packed = self.config["hidden_size"], {"param_mode": "packed", "effect_mode": "none"}
        cache = spec.Object(object_type=PagedKVCache)
        ids, where = spec.Tensor(["seq_len"], "int32"), spec.Tensor(["batch_size"], "int32")
        ragged = spec.Tensor([1, "seq_len", hidden], self.kind.dtype)
        one = spec.Tensor([1, 1, hidden], self.kind.dtype)
        each = spec.Tensor(["batch_size", 1, hidden], self.kind.dtype)
        batch = {"input_embeds": ragged, "logit_positions": where, "paged_kv_cache": cache}
        return {
            "embed": {"input_ids": ids, "$": packed},
            "prefill": {"input_embed": ragged, "paged_kv_cache": cache, "$": packed},
            "decode": {"input_embed": one, "paged_kv_cache": cache, "$": packed},
            "batch_prefill": {**batch, "$": packed},
            "batch_decode": {"input_embeds": each, "paged_kv_cache": cache, "$": packed},
            "create_tir_paged_kv_cache": {
                **dict.fromkeys(_SIZES, int),
                "$": {"param_mode": "none", "effect_mode": "none"},
            },
        }


def metadata(config: dict[str, Any], parameters: Any, said: dict[str, Any]) -> dict[str, Any]:
    """What `_metadata` of mlc-llm's libraries says; sizes without a number by their name."""
    return {
        "model_type": "llama",
        "quantization": "q4f32_1",
        "context_window_size": config["context_window_size"],
        "sliding_window_size": -1,
        "attention_sink_size": -1,
        "prefill_chunk_size": config["prefill_chunk_size"],
        "tensor_parallel_shards": 1,
        "pipeline_parallel_stages": 1,
        "disaggregation": False,
        "kv_state_kind": "kv_cache",
        "max_batch_size": 4,
        "active_vocab_size": None,
        "memory_usage": {"embed": 0, "batch_prefill": 0, "batch_decode": 0},
        "kv_cache": {
            "num_hidden_layers": config["num_hidden_layers"],
            "num_attention_heads": config["num_attention_heads"],
            "num_key_value_heads": config["num_key_value_heads"],
            "head_dim": config["head_dim"],
        },
        "params": [
            {
                "name": name,
                "shape": [n if isinstance(n, int) else n.name for n in each.shape],
                "dtype": each.dtype,
                "preprocs": [],
                "pipeline_stages": [0],
            }
            for name, each in parameters
        ],
        **said,
    }


def build(config: dict[str, Any], out: Path, kind: str = "q4f32_1", **said: Any) -> None:
    """Compile and link for this machine; `said` goes into the metadata."""
    target = tvm.target.Target({"kind": "llvm", "mcpu": "x86-64-v3"})
    model = Llama(config, target, kind_named(kind))
    with target:
        module, parameters, _ = model.export_tvm(spec=model.spec(), allow_extern=True)
        builder = relax.BlockBuilder(module)
        with builder.function("_metadata", []):
            text = json.dumps(metadata(config, parameters, said))
            builder.emit_func_output(tvm.ir.StringImm(text))
        executable = relax.build(builder.finalize(), target)
    executable.export_library(str(out))
