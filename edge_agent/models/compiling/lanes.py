"""What is done with all lanes of a vector at once."""

# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201, N812


def folded(lanes, joined):
    """All lanes of a buffer joined to one number; halves go first."""
    from tvm.script import tirx as T

    half = int(lanes.shape[0]) // 2
    while half > 1:
        with T.vectorized(half) as v:
            T.buffer_store(lanes, joined(lanes[v], lanes[half + v]), [v])
        half //= 2
    return joined(lanes[0], lanes[1])
