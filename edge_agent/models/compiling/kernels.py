"""Matrix products for the CPU: weights packed by sixteen output lanes.

One row is bound by taking the weights apart, many by arithmetic: one row or two go one by one,
more in blocks whose sums fit the vector registers, over a tile of weights that was taken apart once
for all of them. A tile is as wide as leaves each number that is loaded several multiplications.
"""

# The scripts below are TVMScript: Python's syntax read by tvm's parser, not run. Functions they
# call are run, and write statements where they are called.
# mypy: ignore-errors
# ruff: noqa: ANN001, ANN002, ANN201, ANN202, N803, N806, N812

from edge_agent.models.quantization import GROUP as G
from edge_agent.models.quantization import LANES as VN

_FEW = 3  # from so many rows on a tile is worth its stores and loads
_PART = 48  # rows that share a tile; their sums stay in the nearest cache
# A word holds eight nibbles. Masked in its place the one at `j` is 16 ** j times too large as a
# number: the input is made as much smaller once. The last one holds the sign: -8 to 7, not 0 to 15.
_WORD = 8
_MASKS = [*(15 << 4 * j for j in range(_WORD - 1)), -(1 << 28)]
_SOON = 0, 2, 1  # to read, into the second cache, data
_CHAINS = 4  # sums that do not wait for each other hide the latency of an addition


def float_product(N: int, K: int, *, rows: int, wide: int):
    """X (m, K) times packed float32 weights (N / 16, K, 16), at most so many rows at once by so
    many sixteens of outputs."""
    from tvm.script import tirx as T

    C = _columns(N, wide)

    @T.prim_func(private=True, s_tir=True)
    def product(x: T.handle, w: T.Buffer((N // VN, K, VN), "float32"), o: T.handle):
        T.func_attr({"tirx.noalias": True, "tirx.is_scheduled": True})
        m = T.int64()
        X = T.match_buffer(x, (m, K), "float32")
        O = T.match_buffer(o, (m, N), "float32")  # noqa: E741
        for no in T.parallel(N // VN // C):
            with T.sblock("product"):
                _by_blocks(m, rows, _float_rows, O, X, w, no * C, C)

    return product


def int4_product(N: int, K: int, *, rows: int, wide: int):
    """X (m, K) times packed words (N / 16, K / 8, 16) with scales (N / 16, K / 32, 16), at most so
    many rows at once by so many sixteens of outputs."""
    from tvm.script import tirx as T

    C = _columns(N, wide)

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
            scaled = T.sblock_alloc_buffer((K // G, m, G), "float32")
            middles = T.sblock_alloc_buffer((K // G, m), "float32")
            for i in T.serial(m):
                for g in T.serial(K // G):
                    with T.sblock("scale"):
                        _scale(scaled, middles, X, i, g)
            for no in T.parallel(N // VN // C):
                if m < _FEW:
                    for i, c in T.grid(m, C):
                        with T.sblock("row"):
                            one = T.sblock_alloc_buffer((1, 1, VN), "float32", scope="local")
                            for v in T.vectorized(VN):
                                one[0, 0, v] = T.float32(0)
                            for g in T.serial(K // G):
                                _add_row(one, scaled, middles, w, s, no * C + c, g, i)
                            _put(O, one, no * C + c, i, 0)
                else:
                    for part in T.serial((m + _PART - 1) // _PART):
                        with T.sblock("part"):
                            tile = T.sblock_alloc_buffer((G, C, VN), "float32", scope="local")
                            made = T.sblock_alloc_buffer((_PART, C, VN), "float32", scope="local")
                            for g in T.serial(K // G):
                                _fetch(w, s, T.min((no + 1) * C, N // VN - C), C, g)
                                _take_apart(tile, w, no * C, g)
                                _by_blocks(
                                    T.min(m - part * _PART, _PART), rows, _add_rows,
                                    made, scaled, middles, tile, s, no * C, g, part,
                                )  # fmt: skip
                            for i in T.serial(T.min(m - part * _PART, _PART)):
                                _put(O, made, no * C, part * _PART + i, i)

    return product


def _columns(N, most):
    """How many sixteens of outputs go at once: their number is a multiple of it."""
    return max(c for c in range(1, most + 1) if N // VN % c == 0)


def _scale(scaled, middles, X, i, g):
    """A group's inputs as the masked nibbles want them, and less what their middles add up to."""
    from tvm.script import tirx as T

    sums = T.sblock_alloc_buffer((_WORD,), "float32", scope="local")
    for k in range(0, G, _WORD):
        with T.vectorized(_WORD) as j:
            share = T.reinterpret("float32", (127 - 4 * T.Cast("int32", j)) << 23)  # 16 ** -j
            T.buffer_store(scaled, X[i, g * G + k + j] * share, [g, i, k + j])
        with T.vectorized(_WORD) as j:
            middle = T.Select(j < _WORD - 1, T.float32(-7), T.float32(1))
            added = X[i, g * G + k + j] * middle
            T.buffer_store(sums, added if k == 0 else sums[j] + added, [j])
    T.buffer_store(middles, sum((sums[j] for j in range(1, _WORD)), sums[0]), [g, i])


def _nibble(w, no, word, k, v):
    from tvm.script import tirx as T

    return T.Cast("float32", w[no, word, v] & T.int32(_MASKS[k]))


def _fetch(w, s, no, columns, g):
    """Ask for what the next outputs need: each column is a stream too short for the processor to
    see it coming."""
    from tvm.script import tirx as T

    lines = [w[no + c, g * (G // _WORD) + k, 0] for c in range(columns) for k in range(G // _WORD)]
    for line in [*lines, *(s[no + c, g, 0] for c in range(columns))]:
        T.evaluate(T.call_llvm_intrin("void", "llvm.prefetch.p0", T.address_of(line), *_SOON))


def _take_apart(tile, w, no, g):
    """A loop it must be: LLVM keeps what is stored at places it knows a second time."""
    from tvm.script import tirx as T

    with T.serial(G // _WORD) as word:
        for k in range(_WORD):
            for c in range(int(tile.shape[1])):
                with T.vectorized(VN) as v:
                    found = _nibble(w, no + c, g * (G // _WORD) + word, k, v)
                    T.buffer_store(tile, found, [word * _WORD + k, c, v])


def _by_blocks(count, most, add, *known):
    """All rows, as many at once as may be: `add` takes the first one and how many at last."""
    from tvm.script import tirx as T

    first = 0
    for rows in sorted({most, 4, 3, 2, 1}, reverse=True):
        with T.serial(count // rows) as block:
            add(*known, first + block * rows, rows)
        first, count = first + count // rows * rows, count % rows


def _float_rows(O, X, w, no, columns, at, rows):  # noqa: E741
    from tvm.script import tirx as T

    found = _sums(
        (rows, columns), X.shape[1], lambda r, k: X[at + r, k], lambda k, c, v: w[no + c, k, v],
        begin=lambda r: T.float32(0),
    )  # fmt: skip
    for r in range(rows):
        for c in range(columns):
            with T.vectorized(VN) as v:
                T.buffer_store(O, found(r, c, v), [at + r, (no + c) * VN + v])


def _add_row(one, scaled, middles, w, s, no, g, i):
    from tvm.script import tirx as T

    found = _sums(
        (1, 1), G, lambda r, k: scaled[g, i, k],
        lambda k, c, v: _nibble(w, no, g * (G // _WORD) + k // _WORD, k % _WORD, v),
        begin=lambda r: middles[g, i], step=G,
    )  # fmt: skip
    with T.vectorized(VN) as v:
        T.buffer_store(one, one[0, 0, v] + found(0, 0, v) * s[no, g, v], [0, 0, v])


def _add_rows(made, scaled, middles, tile, s, no, g, part, at, rows):
    from tvm.script import tirx as T

    first, columns = part * _PART + at, int(made.shape[1])
    found = _sums(
        (rows, columns), G, lambda r, k: scaled[g, first + r, k],
        lambda k, c, v: tile[k, c, v], begin=lambda r: middles[g, first + r],
    )  # fmt: skip
    for r in range(rows):
        for c in range(columns):
            with T.vectorized(VN) as v:
                before = T.Select(g > 0, made[at + r, c, v], T.float32(0))
                sum = before + found(r, c, v) * s[no + c, g, v]
                T.buffer_store(made, sum, [at + r, c, v])


def _sums(sizes, length, x, w, *, begin, step=_CHAINS):
    """x (rows, length) times w (length, columns, 16) in registers, `step` inputs a turn; `begin`
    is added. `sizes` are rows and columns; the result is looked up by row, column and lanes.
    """
    from tvm.script import tirx as T

    rows, columns = sizes
    chains = max(1, _CHAINS // (rows * columns))
    step = max(chains, step if rows == 1 else 1)
    places = [(r, c) for r in range(rows) for c in range(columns)]
    sums = T.sblock_alloc_buffer((rows, columns, chains, VN), "float32", scope="local")
    for r, c in places:
        for chain in range(chains):
            with T.vectorized(VN) as v:
                T.buffer_store(sums, T.float32(0) if chain else begin(r), [r, c, chain, v])

    def add(first):
        for k in range(step):
            for r, c in places:
                with T.vectorized(VN) as v:
                    added = sums[r, c, k % chains, v] + x(r, first + k) * w(first + k, c, v)
                    T.buffer_store(sums, added, [r, c, k % chains, v])

    if step == length:
        add(0)
    else:
        with T.serial(length // step) as turn:
            add(turn * step)
    return lambda r, c, v: sum((sums[r, c, n, v] for n in range(1, chains)), sums[r, c, 0, v])


def _put(O, rows, no, to, at):  # noqa: E741
    from tvm.script import tirx as T

    for c in range(int(rows.shape[1])):
        with T.vectorized(VN) as v:
            T.buffer_store(O, rows[at, c, v], [to, (no + c) * VN + v])
