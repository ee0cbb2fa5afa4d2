"""The gate of a feed-forward: an activation of one half of each row times the other half."""

# The script below is TVMScript: Python's syntax read by tvm's parser, not run. Functions it calls
# are run.
# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201, ANN202, N803, N806, N812

from math import pi, sqrt

from edge_agent.models.compiling.exponent import logistic
from edge_agent.models.quantization import LANES


def gated(N: int, activation):
    """X (m, 2 N) as its activated first half times its second, (m, N)."""
    from tvm.script import tirx as T

    @T.prim_func(private=True, s_tir=True)
    def gated(x: T.handle, o: T.handle):
        T.func_attr({"tirx.noalias": True, "tirx.is_scheduled": True})
        m = T.int64()
        X = T.match_buffer(x, (m, 2 * N), "float32")
        O = T.match_buffer(o, (m, N), "float32")  # noqa: E741
        for i in T.serial(m):
            for n in T.serial(N // LANES):
                for v in T.vectorized(LANES):
                    with T.sblock("gate"):
                        O[i, n * LANES + v] = (
                            activation(X[i, n * LANES + v]) * X[i, N + n * LANES + v]
                        )

    return gated


def silu(x):
    """x times its logistic function."""
    return x * logistic(x)


def gelu(x):
    """GELU by the hyperbolic tangent: (1 + tanh(y)) / 2 is the logistic function of 2 y."""
    from tvm.script import tirx as T

    inner = x * (T.float32(1) + T.float32(0.044715) * x * x)
    return x * logistic(T.float32(2 * sqrt(2 / pi)) * inner)
