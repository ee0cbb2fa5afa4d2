"""New keys and values go into the pages of the cache, a head at once.

The function takes the place of the one `TIRPagedKVCache` brings, with the same arguments
(`_kv_cache_transpose_append` in `relax/frontend/nn/llm/kv_cache.py`).
"""

# The script below is TVMScript: Python's syntax read by tvm's parser, not run.
# mypy: ignore-errors
# ruff: noqa: ANN201, ANN202, N806, N812

from edge_agent.models.geometry import Geometry


def append_kernel(shape: Geometry, page: int):
    """Copies (n, heads, width) to where `positions` say; -1 is nowhere."""
    from tvm.script import tirx as T

    KV, D, PAGE = shape.kv_heads, shape.head_dim, page

    @T.prim_func(private=True, s_tir=True)
    def append(var_pages: T.handle, var_k: T.handle, var_v: T.handle, var_positions: T.handle):
        T.func_attr({"tirx.noalias": True, "tirx.is_scheduled": True})
        n, many, at_pages, at = T.int64(), T.int64(), T.int64(), T.int32()
        pages = T.match_buffer(var_pages, (many, 2, KV, PAGE, D), "float32", elem_offset=at_pages)
        k = T.match_buffer(var_k, (n, KV, D), "float32")
        v = T.match_buffer(var_v, (n, KV, D), "float32")
        positions = T.match_buffer(var_positions, (n,), "int32", elem_offset=at)
        for i, h in T.grid(n, KV):
            if positions[i] != -1:
                with T.sblock("token"):
                    for d in T.vectorized(D):
                        pages[positions[i] // PAGE, 0, h, positions[i] % PAGE, d] = k[i, h, d]
                    for d in T.vectorized(D):
                        pages[positions[i] // PAGE, 1, h, positions[i] % PAGE, d] = v[i, h, d]

    return append
