"""Decoder-only transformers (Llama, Qwen 2 and 3, Gemma) with MLC's names and functions."""

# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201, ANN202, D102

from __future__ import annotations

from typing import Any

from msgspec import Struct
from tvm import te
from tvm.relax.frontend import nn
from tvm.relax.frontend.nn import Tensor, op, spec
from tvm.relax.frontend.nn.llm.kv_cache import PagedKVCache, RopeMode, TIRPagedKVCache

from edge_agent.models.compiling.gate import gated, gelu, silu
from edge_agent.models.compiling.kernels import float_product, int4_product
from edge_agent.models.compiling.norm import normed
from edge_agent.models.geometry import Geometry
from edge_agent.models.quantization import GROUP, LANES

_CACHE_SIZES = (
    "max_batch_size", "max_total_seq_len", "prefill_chunk_size", "page_size",
    "support_sliding_window",
)  # fmt: skip


class Kind(Struct, frozen=True):
    """How products are made: of int4 or float weights, of how many rows at once by how many
    sixteens of outputs."""

    int4: bool
    rows: int
    wide: int


class Product(nn.Module):
    """A linear layer on our own kernels; its weights are packed when they are loaded."""

    def __init__(self, inputs: int, outputs: int, kind: Kind, *, bias: bool = False) -> None:
        self.inputs, self.outputs, self.kind = inputs, -(-outputs // LANES) * LANES, kind
        blocks = self.outputs // LANES
        if kind.int4:
            self.q_weight = nn.Parameter((blocks, inputs // 8, LANES), "int32")
            self.q_scale = nn.Parameter((blocks, inputs // GROUP, LANES), "float32")
        else:
            self.weight = nn.Parameter((blocks, inputs, LANES), "float32")
        self.bias = nn.Parameter((self.outputs,), "float32") if bias else None

    def forward(self, x: Tensor) -> Tensor:
        batch, length, _ = x.shape
        rows = x.reshape(batch * length, self.inputs)
        int4, sizes = self.kind.int4, (self.outputs, self.inputs)
        product = int4_product if int4 else float_product
        kernel = product(*sizes, rows=self.kind.rows, wide=self.kind.wide)
        weights = [self.q_weight, self.q_scale] if int4 else [self.weight]
        made = op.tensor_ir_op(
            kernel,
            f"product_{'int4' if int4 else 'float'}_{self.outputs}_{self.inputs}",
            [rows, *weights],
            Tensor.placeholder((batch * length, self.outputs), "float32"),
        ).reshape(batch, length, self.outputs)
        return made if self.bias is None else made + self.bias


class Embedding(nn.Module):
    """Rows of the vocabulary; with int4 they are taken apart as they are looked up."""

    def __init__(self, vocabulary: int, width: int, *, int4: bool) -> None:
        self.width, self.int4 = width, int4
        if int4:
            self.q_weight = nn.Parameter((vocabulary, width // 8), "uint32")
            self.q_scale = nn.Parameter((vocabulary, width // GROUP), "float32")
        else:
            self.weight = nn.Parameter((vocabulary, width), "float32")

    def forward(self, ids: Tensor) -> Tensor:
        if not self.int4:
            return op.tensor_expr_op(
                lambda weight, ids: te.compute(
                    (ids.shape[0], self.width), lambda i, k: weight[ids[i], k], name="rows"
                ),
                "rows",
                [self.weight, ids],
            )

        def rows(storage, scales, ids):
            def value(i, k):
                nibble = (storage[ids[i], k // 8] >> ((k % 8) * 4).astype("uint32")) & 15
                return (nibble.astype("int32") - 7).astype("float32") * scales[ids[i], k // GROUP]

            return te.compute((ids.shape[0], self.width), value, name="rows")

        return op.tensor_expr_op(rows, "rows", [self.q_weight, self.q_scale, ids])


class Attention(nn.Module):
    """Grouped-query attention over the paged cache, rotary positions applied there."""

    def __init__(self, shape: Geometry, kind: Kind) -> None:
        self.shape = shape
        bias = shape.attention_bias
        self.qkv = Product(shape.hidden, shape.projected, kind, bias=bias)
        self.o_proj = Product(
            shape.heads * shape.head_dim,
            shape.hidden,
            kind,
            bias=bias and shape.family == "qwen3",
        )
        if shape.normed_heads:
            self.q_norm = nn.RMSNorm(shape.head_dim, -1, shape.epsilon, bias=False)
            self.k_norm = nn.RMSNorm(shape.head_dim, -1, shape.epsilon, bias=False)

    def forward(self, x: Tensor, cache: PagedKVCache, layer: int) -> Tensor:
        shape = self.shape
        batch, length, _ = x.shape
        heads, keys = shape.heads, shape.kv_heads
        qkv = self.qkv(x).reshape(batch, length, heads + 2 * keys, shape.head_dim)
        if shape.normed_heads:
            q, k, v = op.split(qkv, [heads, heads + keys], axis=2)
            qkv = op.concat([self.q_norm(q), self.k_norm(k), v], dim=2)
        seen = cache.attention_with_fused_qkv(layer, qkv, heads, sm_scale=shape.head_dim**-0.5)
        return self.o_proj(seen.reshape(batch, length, heads * shape.head_dim))


class Norm(nn.Module):
    """Rows of the model's width, normed."""

    def __init__(self, shape: Geometry) -> None:
        self.width, self.epsilon = shape.hidden, shape.epsilon
        self.weight = nn.Parameter((self.width,), "float32")

    def forward(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        made = op.tensor_ir_op(
            normed(self.width, self.epsilon),
            "normed",
            [x.reshape(batch * length, width), self.weight],
            Tensor.placeholder((batch * length, width), "float32"),
        )
        return made.reshape(batch, length, width)


class Gate(nn.Module):
    """Half of a row activated, times the other half."""

    def __init__(self, shape: Geometry) -> None:
        self.width = shape.feed_forward
        self.activation = gelu if shape.family == "gemma" else silu

    def forward(self, x: Tensor) -> Tensor:
        batch, length, _ = x.shape
        made = op.tensor_ir_op(
            gated(self.width, self.activation),
            "gated",
            [x.reshape(batch * length, 2 * self.width)],
            Tensor.placeholder((batch * length, self.width), "float32"),
        )
        return made.reshape(batch, length, self.width)


class Layer(nn.Module):
    """One decoder layer: attention and a gated feed-forward, each behind a norm."""

    def __init__(self, shape: Geometry, kind: Kind) -> None:
        self.self_attn = Attention(shape, kind)
        self.gate_up = Product(shape.hidden, 2 * shape.feed_forward, kind)
        self.down = Product(shape.feed_forward, shape.hidden, kind)
        self.input_layernorm = Norm(shape)
        self.post_attention_layernorm = Norm(shape)
        self.gate = Gate(shape)

    def forward(self, x: Tensor, cache: PagedKVCache, layer: int) -> Tensor:
        x = x + self.self_attn(self.input_layernorm(x), cache, layer)
        return x + self.down(self.gate(self.gate_up(self.post_attention_layernorm(x))))


class Decoder(nn.Module):
    """The whole model, with the functions of an MLC library."""

    def __init__(self, shape: Geometry, target: Any, kind: Kind) -> None:
        self.shape, self.target = shape, target
        self.embed_tokens = Embedding(shape.vocabulary, shape.hidden, int4=kind.int4)
        self.layers = nn.ModuleList([Layer(shape, kind) for _ in range(shape.layers)])
        self.norm = Norm(shape)
        self.lm_head = Product(shape.hidden, shape.vocabulary, kind)

    def _through(self, x: Tensor, cache: PagedKVCache) -> Tensor:
        for index, layer in enumerate(self.layers):
            x = layer(x, cache, index)
        return self.norm(x)

    def embed(self, input_ids: Tensor) -> Tensor:
        rows = self.embed_tokens(input_ids)
        if self.shape.family == "gemma":
            rows = rows * Tensor.from_scalar(self.shape.hidden**0.5, "float32")
        return rows

    def prefill(self, input_embed: Tensor, paged_kv_cache: PagedKVCache):
        def last(x):
            batch, length, width = x.shape
            return te.compute((batch, 1, width), lambda i, _, k: x[i, length - 1, k], name="last")

        x = op.tensor_expr_op(last, "last", [self._through(input_embed, paged_kv_cache)])
        return self.lm_head(x), paged_kv_cache

    def batch_prefill(
        self, input_embeds: Tensor, logit_positions: Tensor, paged_kv_cache: PagedKVCache
    ):
        def ends(x, places):
            sizes = (1, places.shape[0], x.shape[2])
            return te.compute(sizes, lambda i, j, k: x[i, places[j], k], name="ends")

        x = self._through(input_embeds, paged_kv_cache)
        x = op.tensor_expr_op(ends, "ends", [x, logit_positions])
        return self.lm_head(x), paged_kv_cache

    def batch_decode(self, input_embeds: Tensor, paged_kv_cache: PagedKVCache):
        return self.lm_head(self._through(input_embeds, paged_kv_cache)), paged_kv_cache

    def create_tir_paged_kv_cache(
        self, max_batch_size, max_total_seq_len, prefill_chunk_size, page_size,
        support_sliding_window,
    ):  # fmt: skip
        from tvm import relax

        shape = self.shape
        return TIRPagedKVCache(
            attn_kind="mha", max_batch_size=max_batch_size, max_total_seq_len=max_total_seq_len,
            prefill_chunk_size=prefill_chunk_size, page_size=page_size,
            support_sliding_window=support_sliding_window,
            layer_partition=relax.ShapeExpr([0, shape.layers]), num_hidden_layers=shape.layers,
            num_attention_heads=shape.heads, num_key_value_heads=shape.kv_heads,
            qk_head_dim=shape.head_dim, v_head_dim=shape.head_dim,
            mla_original_qk_head_dim=0, mla_original_v_head_dim=0,
            rope_mode=RopeMode.NORMAL, rope_scale=1, rope_theta=int(shape.rope_theta),
            rope_scaling=shape.rope_scaling, rope_ext_factors=relax.prim_value(0),
            rotary_dim=shape.head_dim, enable_disaggregation=False, dtype="float32",
            target=self.target,
        )  # fmt: skip

    def spec(self) -> dict[str, Any]:
        """Signatures of the functions; shapes in tokens, sequences and the model's width."""
        width, packed = self.shape.hidden, {"param_mode": "packed", "effect_mode": "none"}
        cache = spec.Object(object_type=PagedKVCache)
        whole = spec.Tensor([1, "seq_len", width], "float32")
        return {
            "embed": {"input_ids": spec.Tensor(["seq_len"], "int32"), "$": packed},
            "prefill": {"input_embed": whole, "paged_kv_cache": cache, "$": packed},
            "batch_prefill": {
                "input_embeds": whole,
                "logit_positions": spec.Tensor(["batch_size"], "int32"),
                "paged_kv_cache": cache,
                "$": packed,
            },
            "batch_decode": {
                "input_embeds": spec.Tensor(["batch_size", 1, width], "float32"),
                "paged_kv_cache": cache,
                "$": packed,
            },
            "create_tir_paged_kv_cache": {
                **dict.fromkeys(_CACHE_SIZES, int),
                "$": {"param_mode": "none", "effect_mode": "none"},
            },
        }
