"""Matrix products for the CPU: weights packed by sixteen output lanes, rows in blocks of four.

Decoding is bound by reading the weights and prefilling by arithmetic: a block of four rows takes
the weights apart once for all of them, what is left over goes row by row.
"""

# The scripts below are TVMScript: Python's syntax read by tvm's parser, not run.
# mypy: ignore-errors
# ruff: noqa: ANN201, ANN202, N803, N806, N812

from edge_agent.models.quantization import GROUP as G
from edge_agent.models.quantization import LANES as VN

ROWS = 4


def float_product(N: int, K: int):
    """X (m, K) times packed float32 weights (N / 16, K, 16)."""
    from tvm.script import tirx as T

    @T.prim_func(private=True, s_tir=True)
    def product(x: T.handle, w: T.Buffer((N // VN, K, VN), "float32"), o: T.handle):
        T.func_attr({"tirx.noalias": True, "tirx.is_scheduled": True})
        m = T.int64()
        X = T.match_buffer(x, (m, K), "float32")
        O = T.match_buffer(o, (m, N), "float32")  # noqa: E741
        for no in T.parallel(N // VN):
            for io in T.serial(m // ROWS):
                with T.sblock("block"):
                    acc = T.sblock_alloc_buffer((ROWS, VN), "float32", scope="local")
                    for r in T.unroll(ROWS):
                        for v in T.vectorized(VN):
                            acc[r, v] = T.float32(0)
                    for k in T.serial(K):
                        for r in T.unroll(ROWS):
                            for v in T.vectorized(VN):
                                acc[r, v] = acc[r, v] + X[io * ROWS + r, k] * w[no, k, v]
                    for r in T.unroll(ROWS):
                        for v in T.vectorized(VN):
                            O[io * ROWS + r, no * VN + v] = acc[r, v]
            for i in T.serial(m % ROWS):
                with T.sblock("row"):
                    one = T.sblock_alloc_buffer((VN,), "float32", scope="local")
                    for v in T.vectorized(VN):
                        one[v] = T.float32(0)
                    for k in T.serial(K):
                        for v in T.vectorized(VN):
                            one[v] = one[v] + X[m - m % ROWS + i, k] * w[no, k, v]
                    for v in T.vectorized(VN):
                        O[m - m % ROWS + i, no * VN + v] = one[v]

    return product


def int4_product(N: int, K: int):
    """X (m, K) times packed nibbles (N / 16, K / 2, 16) with scales (N / 16, K / 32, 16)."""
    from tvm.script import tirx as T

    @T.prim_func(private=True, s_tir=True)
    def product(
        x: T.handle,
        w: T.Buffer((N // VN, K // 2, VN), "uint8"),
        s: T.Buffer((N // VN, K // G, VN), "float32"),
        o: T.handle,
    ):
        T.func_attr({"tirx.noalias": True, "tirx.is_scheduled": True})
        m = T.int64()
        X = T.match_buffer(x, (m, K), "float32")
        O = T.match_buffer(o, (m, N), "float32")  # noqa: E741
        for no in T.parallel(N // VN):
            for io in T.serial(m // ROWS):
                with T.sblock("block"):
                    acc = T.sblock_alloc_buffer((ROWS, VN), "float32", scope="local")
                    part = T.sblock_alloc_buffer((ROWS, VN), "float32", scope="local")
                    low = T.sblock_alloc_buffer((VN,), "float32", scope="local")
                    high = T.sblock_alloc_buffer((VN,), "float32", scope="local")
                    for r in T.unroll(ROWS):
                        for v in T.vectorized(VN):
                            acc[r, v] = T.float32(0)
                    for g in T.serial(K // G):
                        for r in T.unroll(ROWS):
                            for v in T.vectorized(VN):
                                part[r, v] = T.float32(0)
                        for k in T.serial(G // 2):
                            for v in T.vectorized(VN):
                                low[v] = T.Cast(
                                    "float32",
                                    T.Cast("int32", w[no, g * (G // 2) + k, v] & T.uint8(15)) - 7,
                                )
                            for v in T.vectorized(VN):
                                high[v] = T.Cast(
                                    "float32",
                                    T.Cast(
                                        "int32",
                                        T.shift_right(w[no, g * (G // 2) + k, v], T.uint8(4)),
                                    )
                                    - 7,
                                )
                            for r in T.unroll(ROWS):
                                for v in T.vectorized(VN):
                                    part[r, v] = (
                                        part[r, v]
                                        + X[io * ROWS + r, g * G + 2 * k] * low[v]
                                        + X[io * ROWS + r, g * G + 2 * k + 1] * high[v]
                                    )
                        for r in T.unroll(ROWS):
                            for v in T.vectorized(VN):
                                acc[r, v] = acc[r, v] + part[r, v] * s[no, g, v]
                    for r in T.unroll(ROWS):
                        for v in T.vectorized(VN):
                            O[io * ROWS + r, no * VN + v] = acc[r, v]
            for i in T.serial(m % ROWS):
                with T.sblock("row"):
                    one = T.sblock_alloc_buffer((VN,), "float32", scope="local")
                    inner = T.sblock_alloc_buffer((VN,), "float32", scope="local")
                    for v in T.vectorized(VN):
                        one[v] = T.float32(0)
                    for g in T.serial(K // G):
                        for v in T.vectorized(VN):
                            inner[v] = T.float32(0)
                        for k in T.unroll(G // 2):
                            for v in T.vectorized(VN):
                                inner[v] = (
                                    inner[v]
                                    + X[m - m % ROWS + i, g * G + 2 * k]
                                    * T.Cast(
                                        "float32",
                                        T.Cast("int32", w[no, g * (G // 2) + k, v] & T.uint8(15))
                                        - 7,
                                    )
                                    + X[m - m % ROWS + i, g * G + 2 * k + 1]
                                    * T.Cast(
                                        "float32",
                                        T.Cast(
                                            "int32",
                                            T.shift_right(w[no, g * (G // 2) + k, v], T.uint8(4)),
                                        )
                                        - 7,
                                    )
                                )
                        for v in T.vectorized(VN):
                            one[v] = one[v] + inner[v] * s[no, g, v]
                    for v in T.vectorized(VN):
                        O[m - m % ROWS + i, no * VN + v] = one[v]

    return product
