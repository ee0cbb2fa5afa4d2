"""Rotary positions for the CPU: sine and cosine once a token, not once a head.

The function takes the place of the one `TIRPagedKVCache` brings, with the same arguments
(`llama_rope_with_position_map` in `relax/frontend/nn/llm/position_embedding.py`), and asks tvm for
the frequencies.
"""

# The script below is TVMScript: Python's syntax read by tvm's parser, not run. Functions it calls
# are run, and write statements where they are called.
# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201, ANN202, N806, N812

from edge_agent.models.geometry import Geometry


def rotary_kernel(shape: Geometry):
    """Splits (n, heads, width) into turned queries, turned keys, and values."""
    from tvm.script import tirx as T

    H, KV, D = shape.heads, shape.kv_heads, shape.head_dim
    HALF = D // 2

    @T.prim_func(private=True, s_tir=True)
    def fused_rope(
        var_qkv: T.handle, var_positions: T.handle,
        var_q: T.handle, var_k: T.handle, var_v: T.handle, apply_rope: T.int64,
    ):  # fmt: skip
        T.func_attr({"tirx.noalias": True, "tirx.is_scheduled": True, "op_pattern": 8})
        n, at = T.int32(), T.int32()
        qkv = T.match_buffer(var_qkv, (n, H + 2 * KV, D), "float32")
        q = T.match_buffer(var_q, (n, H, D), "float32")
        k = T.match_buffer(var_k, (n, KV, D), "float32")
        v = T.match_buffer(var_v, (n, KV, D), "float32")
        positions = T.match_buffer(var_positions, (n,), "int32", elem_offset=at)
        for i in T.serial(n):
            with T.sblock("token"):
                cosines = T.sblock_alloc_buffer((HALF,), "float32", scope="local")
                sines = T.sblock_alloc_buffer((HALF,), "float32", scope="local")
                for d in T.serial(HALF):
                    _angle(cosines, sines, d, positions[i], apply_rope, shape)
                for h in T.serial(H):
                    _turn(q, qkv, cosines, sines, i, h, h)
                for h in T.serial(KV):
                    _turn(k, qkv, cosines, sines, i, h, H + h)
                    for d in T.vectorized(D):
                        v[i, h, d] = qkv[i, H + KV + h, d]

    return fused_rope


def _angle(cosines, sines, d, position, apply_rope, shape):
    """A pair's angle; without rotary positions it is 0."""
    from tvm.relax.frontend.nn.llm.position_embedding import switch_rope_freq_func
    from tvm.script import tirx as T
    from tvm.tirx import Let

    place = T.Cast("float32", T.if_then_else(apply_rope > 0, position, 0))
    frequencies = switch_rope_freq_func(shape.rope_scaling)
    for index, table in enumerate((cosines, sines)):
        said = frequencies(place, d, shape.head_dim, shape.rope_theta, "float32")
        angle, named = said[index], said[2]
        for var, value in named.items():
            angle = Let(var, value, angle)
        T.buffer_store(table, angle, [d])


def _turn(to, qkv, cosines, sines, i, h, source):
    """A head's pairs, which stand half a head apart, turned by their angles."""
    from tvm.script import tirx as T

    half = cosines.shape[0]
    with T.vectorized(half) as d:
        turned = qkv[i, source, d] * cosines[d] - qkv[i, source, half + d] * sines[d]
        T.buffer_store(to, turned, [i, h, d])
    with T.vectorized(half) as d:
        turned = qkv[i, source, half + d] * cosines[d] + qkv[i, source, d] * sines[d]
        T.buffer_store(to, turned, [i, h, half + d])
