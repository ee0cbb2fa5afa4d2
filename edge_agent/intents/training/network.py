"""The intent network in numpy, forward and backward; the shape is in `shape.py`.

Written out by hand because the gradients of five kinds of layers are shorter than what a framework
would bring: they need nothing but numpy, and `test_training.py` compares them with differences.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from edge_agent.intents.shape import BLOCKS, CHANNELS, HEADS, STEP, parameters

Array = np.ndarray[Any, np.dtype[Any]]
Weights = dict[str, Array]
_FAR = np.float32(1e4)


class Seen(NamedTuple):
    """What the backward pass needs of a forward pass; arrays are (sentences, bytes, channels)."""

    ids: Array
    mask: Array
    columns: list[Array]
    hidden: list[Array]
    x: Array
    attention: Array
    highest: Array
    pooled: Array
    sentence: Array
    byte: Array


def first_weights(seed: int) -> Weights:
    """Weights to begin with: He's for what a ReLU follows, blocks that change little yet."""
    rng = np.random.default_rng(seed)
    weights: Weights = {}
    for name, shape in parameters().items():
        scale = 0.0 if len(shape) == 1 else math.sqrt(2 / shape[0])
        if name.startswith("mix"):
            scale *= 0.35
        scale = {"embedding": 0.5, "places": 0.05}.get(name, scale)
        weights[name] = rng.normal(0, scale, shape).astype(np.float32)
    return weights


def forward(weights: Weights, ids: Array) -> tuple[Array, Array, Seen]:
    """Logits of sentences (n, labels) and of their bytes (n, length, tags); `ids` 0 is padding."""
    mask = (ids > 0)[..., None].astype(np.float32)
    places = np.minimum(np.arange(ids.shape[1]) // STEP, len(weights["places"]) - 1)
    x = (weights["embedding"][ids] + weights["places"][places]) * mask
    columns, hidden = [], []
    for number, (taps, dilation) in enumerate(BLOCKS):
        columns.append(_columns(x, taps, dilation))
        inner = columns[-1] @ weights[f"conv{number}"] + weights[f"conv{number}_bias"]
        hidden.append(np.maximum(inner, 0, out=inner))
        mixed = hidden[-1] @ weights[f"mix{number}"] + weights[f"mix{number}_bias"]
        x = (x + mixed.reshape(x.shape)) * mask
    attention = _softmax(x @ weights["attention"] - (1 - mask) * _FAR)
    attended = np.einsum("blh,blhc->bhc", attention, _by_head(x)).reshape(len(ids), CHANNELS)
    covered = x - (1 - mask) * _FAR
    highest = covered.argmax(1)
    most = np.take_along_axis(covered, highest[:, None], 1)[:, 0]
    pooled = np.concatenate([attended, most], 1)
    sentence = np.maximum(pooled @ weights["sentence"] + weights["sentence_bias"], 0)
    labels = sentence @ weights["labels"] + weights["labels_bias"]
    context = (sentence @ weights["context"])[:, None]
    byte = np.maximum(x @ weights["byte"] + weights["byte_bias"] + context, 0)
    tags = byte @ weights["tags"] + weights["tags_bias"]
    seen = Seen(ids, mask, columns, hidden, x, attention, highest, pooled, sentence, byte)
    return labels, tags, seen


def backward(weights: Weights, seen: Seen, labels: Array, tags: Array) -> Weights:
    """Gradients of every parameter from those of the logits."""
    found: Weights = {}
    byte = _back(weights, found, "tags", seen.byte, tags) * (seen.byte > 0)
    d_x = _back(weights, found, "byte", seen.x, byte)
    context = byte.sum(1)
    found["context"] = seen.sentence.T @ context
    sentence = _back(weights, found, "labels", seen.sentence, labels)
    sentence += context @ weights["context"].T
    sentence *= seen.sentence > 0
    pooled = _back(weights, found, "sentence", seen.pooled, sentence)
    d_x += _back_pooling(weights, found, seen, pooled)
    for number, (taps, dilation) in reversed(list(enumerate(BLOCKS))):
        d_x *= seen.mask
        flat = d_x.reshape(-1, CHANNELS)
        inner = _back(weights, found, f"mix{number}", seen.hidden[number], flat)
        inner *= seen.hidden[number] > 0
        columns = _back(weights, found, f"conv{number}", seen.columns[number], inner)
        d_x += _back_columns(columns, d_x.shape, taps, dilation)
    d_x *= seen.mask
    found["embedding"] = _back_lookup(seen.ids, d_x)
    by_place = np.zeros((math.ceil(d_x.shape[1] / STEP) * STEP, CHANNELS), d_x.dtype)
    by_place[: d_x.shape[1]] = d_x.sum(0)
    steps = by_place.reshape(-1, STEP, CHANNELS).sum(1)
    found["places"] = np.zeros_like(weights["places"])
    found["places"][: len(steps)] = steps
    return found


def _back(weights: Weights, found: Weights, name: str, inputs: Array, outputs: Array) -> Array:
    """The gradient of a linear layer's inputs; those of its weights and bias go to `found`."""
    flat = outputs.reshape(-1, outputs.shape[-1])
    found[name] = inputs.reshape(-1, inputs.shape[-1]).T @ flat
    if f"{name}_bias" in weights:
        found[f"{name}_bias"] = flat.sum(0)
    back: Array = outputs @ weights[name].T
    return back


def _back_pooling(weights: Weights, found: Weights, seen: Seen, pooled: Array) -> Array:
    attended, most = pooled[:, :CHANNELS], pooled[:, CHANNELS:]
    d_x = np.zeros_like(seen.x)
    np.put_along_axis(d_x, seen.highest[:, None], most[:, None], 1)
    by_head = attended.reshape(len(attended), HEADS, -1)
    d_x += (seen.attention[..., None] * by_head[:, None]).reshape(d_x.shape)
    weight = np.einsum("bhc,blhc->blh", by_head, _by_head(seen.x))
    weight -= (weight * seen.attention).sum(1, keepdims=True)
    d_x += _back(weights, found, "attention", seen.x, weight * seen.attention)
    return d_x


def _back_lookup(ids: Array, gradient: Array) -> Array:
    met, which = np.unique(ids, return_inverse=True)
    chosen = np.zeros((ids.size, len(met)), gradient.dtype)
    chosen[np.arange(ids.size), which.reshape(-1)] = 1
    back = np.zeros((256, CHANNELS), gradient.dtype)
    back[met] = chosen.T @ gradient.reshape(-1, CHANNELS)
    return back


def _columns(x: Array, taps: int, dilation: int) -> Array:
    """What each place of a dilated convolution sees, side by side: (places, taps * channels)."""
    count, length, wide = x.shape
    edge = taps // 2 * dilation
    padded = np.zeros((count, length + 2 * edge, wide), x.dtype)
    padded[:, edge : edge + length] = x
    made = np.empty((count, length, taps, wide), x.dtype)
    for tap in range(taps):
        made[:, :, tap] = padded[:, tap * dilation : tap * dilation + length]
    return made.reshape(-1, taps * wide)


def _back_columns(columns: Array, shape: tuple[int, ...], taps: int, dilation: int) -> Array:
    count, length, wide = shape
    edge = taps // 2 * dilation
    padded = np.zeros((count, length + 2 * edge, wide), columns.dtype)
    each = columns.reshape(count, length, taps, wide)
    for tap in range(taps):
        padded[:, tap * dilation : tap * dilation + length] += each[:, :, tap]
    return padded[:, edge : edge + length]


def _by_head(x: Array) -> Array:
    return x.reshape(*x.shape[:2], HEADS, -1)


def _softmax(logits: Array) -> Array:
    risen = np.exp(logits - logits.max(1, keepdims=True))
    made: Array = risen / risen.sum(1, keepdims=True)
    return made
