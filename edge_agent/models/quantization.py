"""Group quantisation as MLC does it, and the order of weights our kernels read.

Both are described by `group_quantization.py` of mlc-llm: groups of 32 along the input, the scale
is the greatest magnitude over 7 (127 with 8 bits), a weight is `(nibble - 7) * scale`; eight
nibbles stand in a uint32, the low one first.
"""

from __future__ import annotations

from typing import Any

import numpy as np

GROUP, LANES = 32, 16
# What a library says of the order of its weights; it changes with this file's `packed`.
PACKING = "hearthflow-2"
Array = np.ndarray[Any, Any]


def quantised(weight: Array) -> tuple[Array, Array]:
    """Weights (rows, inputs) of float32 as nibbles (uint8, one each) and scales (float32)."""
    rows, inputs = weight.shape
    groups = weight.astype(np.float32).reshape(rows, inputs // GROUP, GROUP)
    scales = np.abs(groups).max(axis=2) / np.float32(7)
    safe = np.where(scales == 0, np.float32(1), scales)[:, :, None]
    nibbles = np.clip(np.rint(groups / safe + 7), 0, 14).astype(np.uint8)
    return nibbles.reshape(rows, inputs), scales.astype(np.float32)


def stored(nibbles: Array) -> Array:
    """Nibbles in MLC's storage."""
    rows, inputs = nibbles.shape
    shifts = np.arange(0, 32, 4, dtype=np.uint32)
    spread = nibbles.reshape(rows, inputs // 8, 8).astype(np.uint32) << shifts
    packed_words: Array = np.bitwise_or.reduce(spread, axis=2)
    return packed_words


def packed_words(storage: Array) -> Array:
    """MLC's storage (rows, inputs / 8) as the kernels read it: (rows / 16, inputs / 8, 16) of
    int32, the last nibble less 8 with a sign."""
    rows, words = storage.shape
    signed = (storage ^ np.uint32(1 << 31)).view(np.int32)
    lanes = signed.reshape(rows // LANES, LANES, words).transpose(0, 2, 1)
    return np.ascontiguousarray(lanes)


def packed(values: Array) -> Array:
    """Scales or float weights (rows, n) as the kernels read them: (rows / 16, n, 16)."""
    rows, inner = values.shape
    lanes = values.reshape(rows // LANES, LANES, inner).transpose(0, 2, 1)
    return np.ascontiguousarray(lanes.astype(np.float32))
