"""Root mean square norms of rows: x / sqrt(mean(x²) + epsilon), weighted."""

# The script below is TVMScript: Python's syntax read by tvm's parser, not run. Functions it calls
# are run, and write statements where they are called.
# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201, ANN202, N803, N806, N812

from operator import add

from edge_agent.models.compiling.lanes import folded
from edge_agent.models.quantization import LANES


def normed(N: int, epsilon: float):
    """X (m, N) of whole vectors, normed and times W (N,)."""
    from tvm.script import tirx as T

    @T.prim_func(private=True, s_tir=True)
    def normed(x: T.handle, W: T.Buffer((N,), "float32"), o: T.handle):
        T.func_attr({"tirx.noalias": True, "tirx.is_scheduled": True})
        m = T.int64()
        X = T.match_buffer(x, (m, N), "float32")
        O = T.match_buffer(o, (m, N), "float32")  # noqa: E741
        for i in T.serial(m):
            with T.sblock("row"):
                squares = T.sblock_alloc_buffer((LANES,), "float32", scope="local")
                scale = T.sblock_alloc_buffer((1,), "float32", scope="local")
                for v in T.vectorized(LANES):
                    squares[v] = T.float32(0)
                for n in T.serial(N // LANES):
                    for v in T.vectorized(LANES):
                        squares[v] = squares[v] + X[i, n * LANES + v] * X[i, n * LANES + v]
                _finish(scale, squares, N, epsilon)
                for n in T.serial(N // LANES):
                    for v in T.vectorized(LANES):
                        O[i, n * LANES + v] = X[i, n * LANES + v] * scale[0] * W[n * LANES + v]

    return normed


def _finish(scale, squares, N, epsilon):
    from tvm.script import tirx as T

    mean = folded(squares, add) * T.float32(1 / N) + T.float32(epsilon)
    T.buffer_store(scale, T.float32(1) / T.sqrt(mean), [0])
