"""Attention over the paged cache for the CPU, vectorised over a head; softmax goes block by block.

The functions take the place of those that `TIRPagedKVCache` brings, with the same arguments
(`_attention_decode_cpu` and the like in `relax/frontend/nn/llm`). Rotary positions are applied
before keys enter the cache, so they are not looked at here; a logarithm of the sum (base 2) goes
out beside each result, for merging.
"""

# The scripts below are TVMScript: Python's syntax read by tvm's parser, not run. Functions they
# call are run, and write statements where they are called.
# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201, ANN202, N803, N806, N812

import math
from operator import add

from edge_agent.models.compiling.appending import append_kernel
from edge_agent.models.compiling.exponent import exp2
from edge_agent.models.compiling.lanes import folded
from edge_agent.models.compiling.rotary import rotary_kernel
from edge_agent.models.geometry import Geometry

_PAGE = _LANES = 16
_LOWEST = -5e4


def cache_kernels(shape: Geometry):
    """Kernels by the names of the functions they replace; none for heads that do not fit lanes."""
    if shape.head_dim % _LANES:
        return {}
    sizes = shape.heads, shape.kv_heads, shape.head_dim
    kernels = {
        "batch_decode_paged_kv_cpu": _decode(*sizes),
        "batch_prefill_paged_kv_cpu": _prefill(*sizes),
        "batch_prefill_ragged_kv": _ragged(*sizes),
        "fused_rope": rotary_kernel(shape),
        "tir_kv_cache_transpose_append": append_kernel(shape, _PAGE),
    }
    return {name: made.with_attr("global_symbol", name) for name, made in kernels.items()}


def _decode(H, KV, D):
    from tvm.script import tirx as T

    @T.prim_func(private=True, s_tir=True)
    def decode(
        var_q: T.handle, var_pages: T.handle, var_indptr: T.handle, var_values: T.handle,
        var_last: T.handle, var_k_offset: T.handle, var_q_position: T.handle,
        var_out: T.handle, var_lse: T.handle,
        rotary_mode: T.int32, rope_scale: T.float32, rope_theta: T.float32, sm_scale: T.float32,
    ):  # fmt: skip
        T.func_attr({"tirx.is_scheduled": True})
        B, many, used = T.int32(), T.int32(), T.int32()
        at_indptr, at_values, at_last = T.int32(), T.int32(), T.int32()
        q = T.match_buffer(var_q, (B, H, D), "float32")
        pages = T.match_buffer(var_pages, (many, 2, KV, _PAGE, D), "float32")
        indptr = T.match_buffer(var_indptr, (B + 1,), "int32", elem_offset=at_indptr)
        values = T.match_buffer(var_values, (used,), "int32", elem_offset=at_values)
        last = T.match_buffer(var_last, (B,), "int32", elem_offset=at_last)
        out = T.match_buffer(var_out, (B, H, D), "float32")
        lse = T.match_buffer(var_lse, (B, H), "float32")
        for bh in T.parallel(B * H):
            with T.sblock("attend"):
                _over_pages(
                    _state(D), q, pages, indptr, values, out, lse,
                    sequence=bh // H, row=bh // H, head=bh % H, kv_head=bh % H // (H // KV),
                    length=_length(indptr, last, bh // H), scale=sm_scale,
                )  # fmt: skip

    return decode


def _prefill(H, KV, D):
    from tvm.script import tirx as T

    @T.prim_func(private=True, s_tir=True)
    def prefill(
        var_q: T.handle, var_q_indptr: T.handle, var_pages: T.handle, var_indptr: T.handle,
        var_values: T.handle, var_last: T.handle, var_k_offset: T.handle,
        var_q_position: T.handle, var_out: T.handle, var_lse: T.handle,
        causal: T.int32, rotary_mode: T.int32,
        rope_scale: T.float32, rope_theta: T.float32, sm_scale: T.float32,
    ):  # fmt: skip
        T.func_attr({"tirx.is_scheduled": True})
        B, total, many, used = T.int32(), T.int32(), T.int32(), T.int32()
        at_q, at_indptr, at_values, at_last = T.int32(), T.int32(), T.int32(), T.int32()
        q = T.match_buffer(var_q, (total, H, D), "float32")
        q_indptr = T.match_buffer(var_q_indptr, (B + 1,), "int32", elem_offset=at_q)
        pages = T.match_buffer(var_pages, (many, 2, KV, _PAGE, D), "float32")
        indptr = T.match_buffer(var_indptr, (B + 1,), "int32", elem_offset=at_indptr)
        values = T.match_buffer(var_values, (used,), "int32", elem_offset=at_values)
        last = T.match_buffer(var_last, (B,), "int32", elem_offset=at_last)
        out = T.match_buffer(var_out, (total, H, D), "float32")
        lse = T.match_buffer(var_lse, (total, H), "float32")
        for b in T.serial(B):
            for ih in T.parallel((q_indptr[b + 1] - q_indptr[b]) * H):
                with T.sblock("attend"):
                    _over_pages(
                        _state(D), q, pages, indptr, values, out, lse,
                        sequence=b, row=q_indptr[b] + ih // H, head=ih % H,
                        kv_head=ih % H // (H // KV), scale=sm_scale,
                        length=_seen(
                            causal, ih // H, q_indptr[b + 1] - q_indptr[b],
                            _length(indptr, last, b),
                        ),
                    )  # fmt: skip

    return prefill


def _ragged(H, KV, D):
    from tvm.script import tirx as T

    @T.prim_func(private=True, s_tir=True)
    def ragged(
        var_q: T.handle, var_q_indptr: T.handle, var_k: T.handle, var_v: T.handle,
        var_indptr: T.handle, var_q_position: T.handle, var_k_offset: T.handle,
        var_out: T.handle, var_lse: T.handle,
        causal: T.int32, rotary_mode: T.int32,
        rope_scale: T.float32, rope_theta: T.float32, sm_scale: T.float32,
    ):  # fmt: skip
        T.func_attr({"tirx.is_scheduled": True})
        B, total, keys = T.int32(), T.int32(), T.int32()
        at_q, at_indptr, at_offset = T.int32(), T.int32(), T.int32()
        T.match_buffer(var_k_offset, (B,), "int32", elem_offset=at_offset)
        q = T.match_buffer(var_q, (total, H, D), "float32")
        q_indptr = T.match_buffer(var_q_indptr, (B + 1,), "int32", elem_offset=at_q)
        k = T.match_buffer(var_k, (keys, KV, D), "float32")
        v = T.match_buffer(var_v, (keys, KV, D), "float32")
        indptr = T.match_buffer(var_indptr, (B + 1,), "int32", elem_offset=at_indptr)
        out = T.match_buffer(var_out, (total, H, D), "float32")
        lse = T.match_buffer(var_lse, (total, H), "float32")
        for b in T.serial(B):
            for ih in T.parallel((q_indptr[b + 1] - q_indptr[b]) * H):
                with T.sblock("attend"):
                    _over_rows(
                        _state(D), q, k, v, out, lse,
                        first=indptr[b], row=q_indptr[b] + ih // H, head=ih % H,
                        kv_head=ih % H // (H // KV), scale=sm_scale,
                        length=_seen(
                            causal, ih // H, q_indptr[b + 1] - q_indptr[b],
                            indptr[b + 1] - indptr[b],
                        ),
                    )  # fmt: skip

    return ragged


def _length(indptr, last, b):
    """Tokens of a sequence: full pages, and what stands in the last one."""
    from tvm.script import tirx as T

    pages = indptr[b + 1] - indptr[b]
    return T.if_then_else(pages > 0, (pages - 1) * _PAGE + last[b], 0)


def _seen(causal, row, rows, length):
    """How many keys a row looks at: a sequence's last row sees all of them."""
    from tvm.script import tirx as T

    return T.if_then_else(causal > 0, length - rows + row + 1, length)


class _State:
    """Buffers of one row's softmax; they live in registers."""


def _state(D):
    from tvm.script import tirx as T

    state = _State()
    state.width = D
    for name, size in (
        ("query", D), ("result", D), ("part", _LANES), ("scores", _LANES), ("total", _LANES),
        ("top", 1), ("shrunk", 1),
    ):  # fmt: skip
        setattr(state, name, T.sblock_alloc_buffer((size,), "float32", scope="local"))
    return state


def _over_pages(
    state, q, pages, indptr, values, out, lse, *, sequence, row, head, kv_head, length, scale
):
    from tvm.script import tirx as T

    _begin(state, q, row, head, scale)
    with T.serial((length + _PAGE - 1) // _PAGE) as block:
        page = values[indptr[sequence] + block]
        _take(
            state,
            T.min(_PAGE, length - block * _PAGE),
            lambda i, d: pages[page, 0, kv_head, i, d],
            lambda i, d: pages[page, 1, kv_head, i, d],
        )
    _finish(state, out, lse, row, head)


def _over_rows(state, q, k, v, out, lse, *, first, row, head, kv_head, length, scale):
    from tvm.script import tirx as T

    _begin(state, q, row, head, scale)
    with T.serial((length + _PAGE - 1) // _PAGE) as block:
        at = first + block * _PAGE
        _take(
            state,
            T.min(_PAGE, length - block * _PAGE),
            lambda i, d: k[at + i, kv_head, d],
            lambda i, d: v[at + i, kv_head, d],
        )
    _finish(state, out, lse, row, head)


def _begin(state, q, row, head, scale):
    from tvm.script import tirx as T

    T.buffer_store(state.top, T.float32(_LOWEST), [0])
    with T.vectorized(_LANES) as v:
        T.buffer_store(state.total, T.float32(1 / _LANES), [v])
    for t in range(0, state.width, _LANES):
        with T.vectorized(_LANES) as v:
            scaled = q[row, head, t + v] * (scale * T.float32(math.log2(math.e)))
            T.buffer_store(state.query, scaled, [t + v])
        with T.vectorized(_LANES) as v:
            T.buffer_store(state.result, T.float32(0), [t + v])


def _take(state, count, key, value):
    """One block of keys and values: scores first, then one rescaling for all of them."""
    from tvm.script import tirx as T

    top, shrunk, total, scores = state.top, state.shrunk, state.total, state.scores
    with T.vectorized(_LANES) as v:
        T.buffer_store(scores, T.float32(_LOWEST), [v])
    with T.serial(count) as i:
        T.buffer_store(scores, _dot(state, lambda d: key(i, d)), [i])
    with T.vectorized(_LANES) as v:
        T.buffer_store(state.part, scores[v], [v])
    highest = T.max(top[0], folded(state.part, T.max))
    T.buffer_store(shrunk, exp2(top[0] - highest), [0])
    T.buffer_store(top, highest, [0])
    with T.vectorized(_LANES) as v:
        T.buffer_store(scores, exp2(scores[v] - top[0]), [v])
    with T.vectorized(_LANES) as v:
        T.buffer_store(total, total[v] * shrunk[0] + scores[v], [v])
    for t in range(0, state.width, _LANES):
        with T.vectorized(_LANES) as v:
            T.buffer_store(state.result, state.result[t + v] * shrunk[0], [t + v])
    with T.serial(count) as i:
        for t in range(0, state.width, _LANES):
            with T.vectorized(_LANES) as v:
                added = state.result[t + v] + scores[i] * value(i, t + v)
                T.buffer_store(state.result, added, [t + v])


def _dot(state, key):
    """The query times one key."""
    from tvm.script import tirx as T

    part = state.part
    for t in range(0, state.width, _LANES):
        with T.vectorized(_LANES) as v:
            product = state.query[t + v] * key(t + v)
            T.buffer_store(part, product if t == 0 else part[v] + product, [v])
    return folded(part, add)


def _finish(state, out, lse, row, head):
    from tvm.script import tirx as T

    sum = state.shrunk
    T.buffer_store(sum, folded(state.total, add), [0])
    for t in range(0, state.width, _LANES):
        with T.vectorized(_LANES) as v:
            T.buffer_store(out, state.result[t + v] / sum[0], [row, head, t + v])
    T.buffer_store(lse, state.top[0] + T.log2(sum[0]), [row, head])
