"""Matrix products for the CPU: weights packed by sixteen output lanes.

Decoding is bound by taking the weights apart, prefilling by arithmetic: up to three rows go one by
one, more in blocks of four over a tile of weights that was taken apart once for all of them.
"""

# The scripts below are TVMScript: Python's syntax read by tvm's parser, not run. Functions they
# call are run, and write statements where they are called.
# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201, ANN202, N803, N806, N812

from edge_agent.models.quantization import GROUP as G
from edge_agent.models.quantization import LANES as VN

ROWS = 4
# A word holds eight nibbles. Masked in its place the one at `j` is 16 ** j times too large as a
# number: the input is made as much smaller once. The last one holds the sign: -8 to 7, not 0 to 15.
_WORD = 8
_MASKS = [*(15 << 4 * j for j in range(_WORD - 1)), -(1 << 28)]
_SHARES = [16.0**-j for j in range(_WORD)]
_MIDDLES = [7.0] * (_WORD - 1) + [-1.0]
_CHAINS = 4  # sums that do not wait for each other hide the latency of an addition


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
    """X (m, K) times packed words (N / 16, K / 8, 16) with scales (N / 16, K / 32, 16)."""
    from tvm.script import tirx as T

    @T.prim_func(private=True, s_tir=True)
    def product(
        x: T.handle,
        w: T.Buffer((N // VN, K // _WORD, VN), "int32"),
        s: T.Buffer((N // VN, K // G, VN), "float32"),
        o: T.handle,
    ):
        T.func_attr({"tirx.noalias": True, "tirx.is_scheduled": True})
        m = T.int64()
        X = T.match_buffer(x, (m, K), "float32")
        O = T.match_buffer(o, (m, N), "float32")  # noqa: E741
        with T.sblock("product"):
            scaled = T.sblock_alloc_buffer((ROWS, K), "float32")
            middles = T.sblock_alloc_buffer((ROWS, K // G), "float32")
            if m < ROWS:
                for i in T.serial(m):
                    for g in T.serial(K // G):
                        middles[i, g] = T.float32(0)
                        for k in T.serial(G // _WORD):
                            _scale(scaled, middles, X, i, g, k)
            for no in T.parallel(N // VN):
                if m < ROWS:
                    for i in T.serial(m):
                        with T.sblock("row"):
                            one = T.sblock_alloc_buffer((VN,), "float32", scope="local")
                            chains = T.sblock_alloc_buffer((_CHAINS, VN), "float32", scope="local")
                            for v in T.vectorized(VN):
                                one[v] = T.float32(0)
                            for g in T.serial(K // G):
                                for c in T.unroll(_CHAINS):
                                    for v in T.vectorized(VN):
                                        chains[c, v] = T.float32(0)
                                for k in T.unroll(G // _WORD):
                                    _multiply(chains, scaled, w, i, g, k, no)
                                for v in T.vectorized(VN):
                                    one[v] = (
                                        one[v] + (_sum(chains, v) - middles[i, g]) * s[no, g, v]
                                    )
                            for v in T.vectorized(VN):
                                O[i, no * VN + v] = one[v]
                else:
                    with T.sblock("tiles"):
                        tile = T.sblock_alloc_buffer((G, VN), "float32", scope="local")
                        for g in T.serial(K // G):
                            for k in T.serial(G // _WORD):
                                _take_apart(tile, w, s, g, k, no)
                            for io in T.serial(m // ROWS):
                                with T.sblock("block"):
                                    _add_rows(O, X, tile, io * ROWS, g, no, ROWS)
                            for i in T.serial(m % ROWS):
                                with T.sblock("left"):
                                    _add_rows(O, X, tile, m - m % ROWS + i, g, no, 1)

    return product


def _scale(scaled, middles, X, i, g, k):
    """Eight inputs as the masked nibbles want them, and what their middles add up to."""
    from tvm.script import tirx as T

    for j in range(_WORD):
        at = g * G + k * _WORD + j
        T.buffer_store(scaled, X[i, at] * T.float32(_SHARES[j]), [i, at])
        T.buffer_store(middles, middles[i, g] + X[i, at] * T.float32(_MIDDLES[j]), [i, g])


def _multiply(chains, scaled, w, i, g, k, no):
    """One word's eight products; only a mask, a conversion and an addition each."""
    from tvm.script import tirx as T

    for j in range(_WORD):
        chain = j % _CHAINS
        with T.vectorized(VN) as v:
            nibble = T.Cast("float32", w[no, g * (G // _WORD) + k, v] & T.int32(_MASKS[j]))
            added = chains[chain, v] + scaled[i, g * G + k * _WORD + j] * nibble
            T.buffer_store(chains, added, [chain, v])


def _sum(chains, v):
    return (chains[0, v] + chains[1, v]) + (chains[2, v] + chains[3, v])


def _take_apart(tile, w, s, g, k, no):
    """One word's eight weights as numbers."""
    from tvm.script import tirx as T

    for j in range(_WORD):
        with T.vectorized(VN) as v:
            nibble = T.Cast("float32", w[no, g * (G // _WORD) + k, v] & T.int32(_MASKS[j]))
            weight = nibble * T.float32(_SHARES[j]) - T.float32(_MIDDLES[j])
            T.buffer_store(tile, weight * s[no, g, v], [k * _WORD + j, v])


def _add_rows(O, X, tile, first, g, no, rows):  # noqa: E741
    """What a tile adds to some rows of the product; the first one sets them."""
    from tvm.script import tirx as T

    sums = T.sblock_alloc_buffer((rows, VN), "float32", scope="local")
    for r in range(rows):
        with T.vectorized(VN) as v:
            T.buffer_store(sums, T.float32(0), [r, v])
    with T.serial(G) as k:
        for r in range(rows):
            with T.vectorized(VN) as v:
                T.buffer_store(sums, sums[r, v] + X[first + r, g * G + k] * tile[k, v], [r, v])
    for r in range(rows):
        with T.vectorized(VN) as v:
            before = T.if_then_else(g == 0, T.float32(0), O[first + r, no * VN + v])
            T.buffer_store(O, before + sums[r, v], [first + r, no * VN + v])
