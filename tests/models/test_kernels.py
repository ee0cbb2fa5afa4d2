"""Products of our kernels are those of numpy, whatever goes at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tvm  # type: ignore[import-untyped]

from edge_agent.models import quantization
from edge_agent.models.compiling.kernels import float_product, int4_product
from edge_agent.models.compiling.norm import normed
from edge_agent.models.runtime.folder import Array

INPUTS, ROWS = 64, (1, 3, 4, 11, 16, 67)


def compiled(kernel: Any) -> Any:
    module = tvm.IRModule({"product": kernel.with_attr("global_symbol", "product")})
    return tvm.compile(module, target={"kind": "llvm", "mcpu": "x86-64-v3"})["product"]


def product(run: Any, x: Array, *weights: Array, outputs: int) -> Array:
    made = tvm.runtime.tensor(np.zeros((len(x), outputs), np.float32))
    run(*(tvm.runtime.tensor(each) for each in (x, *weights)), made)
    found: Array = made.numpy()
    return found


@pytest.mark.parametrize(("outputs", "wide"), [(64, 1), (64, 4), (48, 2)])
@pytest.mark.parametrize("int4", [True, False])
def test_a_product_is_that_of_numpy(outputs: int, wide: int, int4: bool) -> None:
    random = np.random.default_rng(3)
    weight = random.normal(size=(outputs, INPUTS)).astype(np.float32)
    if int4:
        run = compiled(int4_product(outputs, INPUTS, rows=8, wide=wide))
        nibbles, scales = quantization.quantised(weight)
        words = quantization.packed_words(quantization.stored(nibbles))
        packed = [words, quantization.packed(scales)]
        weight = (nibbles.astype(np.float32) - 7) * np.repeat(scales, quantization.GROUP, axis=1)
    else:
        run = compiled(float_product(outputs, INPUTS, rows=8, wide=wide))
        packed = [quantization.packed(weight)]
    for rows in ROWS:
        x = random.normal(size=(rows, INPUTS)).astype(np.float32)
        found = product(run, x, *packed, outputs=outputs)
        assert np.abs(found - x @ weight.T).max() < 1e-4


def test_a_norm_is_that_of_numpy() -> None:
    random = np.random.default_rng(4)
    x, weight = (random.normal(size=size).astype(np.float32) for size in ((3, INPUTS), (INPUTS,)))
    found = product(compiled(normed(INPUTS, 1e-2)), x, weight, outputs=INPUTS)
    expected = x / np.sqrt(np.mean(x**2, axis=1, keepdims=True) + 1e-2) * weight
    assert np.abs(found - expected).max() < 1e-6
