"""Powers of two and the logistic function without calls, so that LLVM keeps them in vectors.

The C library's functions take one number at a time, and every call empties the vector registers.
"""

# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201, N812

from math import e, factorial, log, log2

_MOST = 126.0  # beyond it a float's exponent has no room
# exp(f ln 2) as its Taylor series: for f up to 1/2 the first term left out is below 6e-9.
_TERMS = [log(2) ** n / factorial(n) for n in range(8)]


def exp2(x):
    """2 ** x for float32, as an expression; it ends at 2 ** -126 and 2 ** 126."""
    from tvm.script import tirx as T

    x = T.max(T.min(x, T.float32(_MOST)), T.float32(-_MOST))
    whole = T.nearbyint(x)
    series = T.float32(_TERMS[-1])
    for term in reversed(_TERMS[:-1]):
        series = series * (x - whole) + T.float32(term)
    exponent = (T.Cast("int32", whole) + 127) << 23
    return series * T.reinterpret("float32", exponent)


def logistic(x):
    """1 / (1 + exp(-x)), as an expression."""
    from tvm.script import tirx as T

    return T.float32(1) / (T.float32(1) + exp2(x * T.float32(-log2(e))))
