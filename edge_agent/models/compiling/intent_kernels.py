"""What the intent network computes with on a CPU.

Products are packed by sixteen outputs and take four rows at a time: the number of rows is a
multiple of four. A byte whose id is 0 is padding and stays zero.
"""

# The scripts below are TVMScript: Python's syntax read by tvm's parser, not run.
# mypy: ignore-errors
# ruff: noqa: ANN201, ANN202, E741, N803, N806, N812

from edge_agent.models.quantization import LANES as VN

ROWS = 4
_FAR = 1e4
_LEAST = -3e38


def embedded(C: int, STEP: int, STEPS: int):
    """Bytes looked up, with their place in steps of some bytes; ids out of range are clamped."""
    from tvm.script import tirx as T

    @T.prim_func(private=True, s_tir=True)
    def embedded(
        ids: T.handle,
        table: T.Buffer((256, C), "float32"),
        places: T.Buffer((STEPS, C), "float32"),
        o: T.handle,
    ):
        T.func_attr({"tirx.noalias": True, "tirx.is_scheduled": True})
        n = T.int64()
        I = T.match_buffer(ids, (n,), "int32")
        O = T.match_buffer(o, (n, C), "float32")
        for i in T.serial(n):
            for c in T.vectorized(C):
                with T.sblock("look"):
                    O[i, c] = T.if_then_else(
                        I[i] > 0,
                        table[T.max(T.min(I[i], 255), 0), c]
                        + places[T.min(i // STEP, T.int64(STEPS - 1)), c],
                        T.float32(0),
                    )

    return embedded


def convolution(N: int, K: int, TAPS: int, DILATION: int):
    """A dilated convolution with a ReLU; weights (N / 16, taps, K, 16)."""
    from tvm.script import tirx as T

    EDGE = TAPS // 2 * DILATION

    @T.prim_func(private=True, s_tir=True)
    def convolution(
        x: T.handle,
        w: T.Buffer((N // VN, TAPS, K, VN), "float32"),
        bias: T.Buffer((N,), "float32"),
        o: T.handle,
    ):
        T.func_attr({"tirx.noalias": True, "tirx.is_scheduled": True})
        n = T.int64()
        X = T.match_buffer(x, (n, K), "float32")
        O = T.match_buffer(o, (n, N), "float32")
        with T.sblock("root"):
            padded = T.sblock_alloc_buffer((n + 2 * EDGE, K), "float32")
            for i in T.serial(n + 2 * EDGE):
                for k in T.vectorized(K):
                    with T.sblock("pad"):
                        padded[i, k] = T.if_then_else(
                            T.And(i >= EDGE, i < n + EDGE), X[i - EDGE, k], T.float32(0)
                        )
            for no in T.serial(N // VN):
                for io in T.serial(n // ROWS):
                    with T.sblock("block"):
                        acc = T.sblock_alloc_buffer((ROWS, VN), "float32", scope="local")
                        for r in T.unroll(ROWS):
                            for v in T.vectorized(VN):
                                acc[r, v] = bias[no * VN + v]
                        for t in T.serial(TAPS):
                            for k in T.serial(K):
                                for r in T.unroll(ROWS):
                                    for v in T.vectorized(VN):
                                        acc[r, v] = (
                                            acc[r, v]
                                            + padded[io * ROWS + r + t * DILATION, k]
                                            * w[no, t, k, v]
                                        )
                        for r in T.unroll(ROWS):
                            for v in T.vectorized(VN):
                                O[io * ROWS + r, no * VN + v] = T.max(acc[r, v], T.float32(0))

    return convolution


def mixed(N: int, K: int):
    """H times weights (N / 16, K, 16) and a bias, added to X; padding stays zero."""
    from tvm.script import tirx as T

    @T.prim_func(private=True, s_tir=True)
    def mixed(
        h: T.handle,
        w: T.Buffer((N // VN, K, VN), "float32"),
        bias: T.Buffer((N,), "float32"),
        x: T.handle,
        ids: T.handle,
        o: T.handle,
    ):
        T.func_attr({"tirx.noalias": True, "tirx.is_scheduled": True})
        n = T.int64()
        H = T.match_buffer(h, (n, K), "float32")
        X = T.match_buffer(x, (n, N), "float32")
        I = T.match_buffer(ids, (n,), "int32")
        O = T.match_buffer(o, (n, N), "float32")
        for no in T.serial(N // VN):
            for io in T.serial(n // ROWS):
                with T.sblock("block"):
                    acc = T.sblock_alloc_buffer((ROWS, VN), "float32", scope="local")
                    for r in T.unroll(ROWS):
                        for v in T.vectorized(VN):
                            acc[r, v] = bias[no * VN + v]
                    for k in T.serial(K):
                        for r in T.unroll(ROWS):
                            for v in T.vectorized(VN):
                                acc[r, v] = acc[r, v] + H[io * ROWS + r, k] * w[no, k, v]
                    for r in T.unroll(ROWS):
                        for v in T.vectorized(VN):
                            O[io * ROWS + r, no * VN + v] = T.if_then_else(
                                I[io * ROWS + r] > 0,
                                acc[r, v] + X[io * ROWS + r, no * VN + v],
                                T.float32(0),
                            )

    return mixed


def linear(N: int, K: int, *, relu: bool = False):
    """X times weights (N / 16, K, 16) and a bias, four rows at a time."""
    from tvm.script import tirx as T

    LEAST = 0.0 if relu else _LEAST

    @T.prim_func(private=True, s_tir=True)
    def linear(
        x: T.handle,
        w: T.Buffer((N // VN, K, VN), "float32"),
        bias: T.Buffer((1, N), "float32"),
        o: T.handle,
    ):
        T.func_attr({"tirx.noalias": True, "tirx.is_scheduled": True})
        n = T.int64()
        X = T.match_buffer(x, (n, K), "float32")
        O = T.match_buffer(o, (n, N), "float32")
        for no in T.serial(N // VN):
            for io in T.serial(n // ROWS):
                with T.sblock("block"):
                    acc = T.sblock_alloc_buffer((ROWS, VN), "float32", scope="local")
                    for r in T.unroll(ROWS):
                        for v in T.vectorized(VN):
                            acc[r, v] = bias[0, no * VN + v]
                    for k in T.serial(K):
                        for r in T.unroll(ROWS):
                            for v in T.vectorized(VN):
                                acc[r, v] = acc[r, v] + X[io * ROWS + r, k] * w[no, k, v]
                    for r in T.unroll(ROWS):
                        for v in T.vectorized(VN):
                            O[io * ROWS + r, no * VN + v] = T.max(acc[r, v], T.float32(LEAST))

    return linear


def single(N: int, K: int, *, relu: bool = False):
    """One row times weights (N / 16, K, 16) and a bias."""
    from tvm.script import tirx as T

    LEAST = 0.0 if relu else _LEAST

    @T.prim_func(private=True, s_tir=True)
    def single(
        X: T.Buffer((1, K), "float32"),
        w: T.Buffer((N // VN, K, VN), "float32"),
        bias: T.Buffer((1, N), "float32"),
        O: T.Buffer((1, N), "float32"),
    ):
        T.func_attr({"tirx.noalias": True, "tirx.is_scheduled": True})
        for no in T.serial(N // VN):
            with T.sblock("block"):
                acc = T.sblock_alloc_buffer((VN,), "float32", scope="local")
                for v in T.vectorized(VN):
                    acc[v] = bias[0, no * VN + v]
                for k in T.serial(K):
                    for v in T.vectorized(VN):
                        acc[v] = acc[v] + X[0, k] * w[no, k, v]
                for v in T.vectorized(VN):
                    O[0, no * VN + v] = T.max(acc[v], T.float32(LEAST))

    return single


def pooled(C: int, HEADS: int):
    """Attention by head over the bytes, and the maximum of each channel, side by side."""
    from tvm.script import tirx as T

    PER = C // HEADS

    @T.prim_func(private=True, s_tir=True)
    def pooled(x: T.handle, s: T.handle, ids: T.handle, O: T.Buffer((1, 2 * C), "float32")):
        T.func_attr({"tirx.noalias": True, "tirx.is_scheduled": True})
        n = T.int64()
        X = T.match_buffer(x, (n, C), "float32")
        S = T.match_buffer(s, (n, HEADS), "float32")
        I = T.match_buffer(ids, (n,), "int32")
        with T.sblock("root"):
            top = T.sblock_alloc_buffer((HEADS,), "float32")
            total = T.sblock_alloc_buffer((HEADS,), "float32")
            risen = T.sblock_alloc_buffer((HEADS,), "float32")
            for h in T.vectorized(HEADS):
                top[h] = T.float32(_LEAST)
                total[h] = T.float32(0)
            for c in T.vectorized(C):
                O[0, c] = T.float32(0)
            for c in T.vectorized(C):
                O[0, C + c] = T.float32(_LEAST)
            for i in T.serial(n):
                for h in T.vectorized(HEADS):
                    top[h] = T.max(top[h], S[i, h] - T.if_then_else(I[i] > 0, 0.0, _FAR))
                for c in T.vectorized(C):
                    O[0, C + c] = T.max(O[0, C + c], X[i, c] - T.if_then_else(I[i] > 0, 0.0, _FAR))
            for i in T.serial(n):
                for h in T.vectorized(HEADS):
                    risen[h] = T.exp(S[i, h] - T.if_then_else(I[i] > 0, 0.0, _FAR) - top[h])
                    total[h] = total[h] + risen[h]
                for h in T.serial(HEADS):
                    for c in T.serial(PER):
                        O[0, h * PER + c] = O[0, h * PER + c] + risen[h] * X[i, h * PER + c]
            for h in T.serial(HEADS):
                for c in T.serial(PER):
                    O[0, h * PER + c] = O[0, h * PER + c] / total[h]

    return pooled
