"""Learn weights from labelled sentences: losses, Adam, an average of the weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from msgspec import Struct

from edge_agent.intents.labels import Example
from edge_agent.intents.shape import CHANGE, DOMAIN, INTENT, LANGUAGE, MORE
from edge_agent.intents.training.batches import Batch, by_length, pieces, unheard
from edge_agent.intents.training.network import (
    Array,
    Weights,
    backward,
    first_weights,
    forward,
)

Tell = Callable[[str], None]
_PIECE = 16


class Recipe(Struct, frozen=True):
    """How to learn: `warm_up` and `averaged` are in steps, `unheard` the share of lost bytes."""

    seed: int = 1
    rounds: int = 1
    size: int = 32
    rate: float = 3e-3
    warm_up: int = 200
    averaged: float = 400.0
    smoothing: float = 0.05
    decay: float = 0.01
    unheard: float = 0.02


def learn(examples: Sequence[Example], recipe: Recipe, tell: Tell) -> Weights:
    """Weights that fit the examples; the same seed, examples and machine give the same.

    Sentences that ask nothing of the home teach language and intent alone.
    """
    rng = np.random.default_rng(recipe.seed)
    weights = first_weights(recipe.seed)
    steps = recipe.rounds * math.ceil(len(examples) / recipe.size)
    adam = Adam(weights, recipe.decay)
    average = {name: each.copy() for name, each in weights.items()}
    step, shown = 0, 0.0
    with ThreadPoolExecutor(2) as threads:
        for _ in range(recipe.rounds):
            for each in by_length(examples, recipe.size, rng):
                heard = each._replace(ids=unheard(each.ids, recipe.unheard, rng))
                loss, gradients = _gradients(weights, heard, recipe.smoothing, threads)
                adam.step(weights, gradients, _rate(recipe, step, steps))
                kept = 1 - 1 / min(recipe.averaged, 1 + step / 4)
                for name, value in weights.items():
                    average[name] += (1 - kept) * (value - average[name])
                shown += (loss - shown) / min(100, step + 1)
                step += 1
                if step % 250 == 0:
                    tell(f"step {step} of {steps}, loss {shown:.3f}")
    return average


class Adam:
    """Adam with decoupled weight decay and gradients of bounded length (Loshchilov, Hutter)."""

    def __init__(self, weights: Weights, decay: float) -> None:
        self._mean = {name: np.zeros_like(each) for name, each in weights.items()}
        self._square = {name: np.zeros_like(each) for name, each in weights.items()}
        self._decay = decay
        self._steps = 0

    def step(self, weights: Weights, gradients: Weights, rate: float) -> None:
        """Change the weights in place."""
        self._steps += 1
        length = math.sqrt(sum(float(np.vdot(each, each)) for each in gradients.values()))
        scale = min(1.0, 1.0 / (length + 1e-9))
        first, second = 1 - 0.9**self._steps, 1 - 0.98**self._steps
        for name, gradient in gradients.items():
            mean, square = self._mean[name], self._square[name]
            mean += 0.1 * (scale * gradient - mean)
            square += 0.02 * ((scale * gradient) ** 2 - square)
            weights[name] -= rate * (
                mean / first / (np.sqrt(square / second) + 1e-8) + self._decay * weights[name]
            )


def _rate(recipe: Recipe, step: int, steps: int) -> float:
    """Rises in the first steps, then falls to nothing along half a cosine."""
    risen = min(1.0, (step + 1) / recipe.warm_up)
    return recipe.rate * risen * 0.5 * (1 + math.cos(math.pi * step / steps))


def _gradients(
    weights: Weights, whole: Batch, smoothing: float, threads: ThreadPoolExecutor
) -> tuple[float, Weights]:
    def one(part: Batch) -> tuple[float, Weights]:
        labels, tags, seen = forward(weights, part.ids)
        loss, d_labels, d_tags = losses(part, labels, tags, smoothing)
        share = np.float32(len(part.ids) / len(whole.ids))
        found = backward(weights, seen, d_labels * share, d_tags * share)
        return loss * float(share), found

    total, summed = 0.0, dict[str, Array]()
    for loss, found in threads.map(one, pieces(whole, _PIECE)):
        total += loss
        for name, each in found.items():
            summed[name] = summed[name] + each if name in summed else each
    return total, summed


def losses(part: Batch, labels: Array, tags: Array, smoothing: float) -> tuple[float, Array, Array]:
    """The loss of logits, a sentence's mean, and its gradients."""
    d_labels = np.zeros_like(labels)
    asked = (part.intent > 0).astype(np.float32)
    everyone = np.ones_like(asked)
    loss = 0.0
    for place, truth, counts, weight in (
        (LANGUAGE, part.language, everyone, 0.3),
        (INTENT, part.intent, everyone, 1.0),
        (DOMAIN, part.domain, asked, 0.5),
        (CHANGE, part.change, asked, 0.5),
    ):
        each, gradient = _crossed(labels[:, place], truth, smoothing)
        share = weight * counts / len(asked)
        loss += float((each * share).sum())
        d_labels[:, place] = gradient * share[:, None]
    sure = 1 / (1 + np.exp(-labels[:, MORE]))
    share = 0.5 * asked[:, None] / len(asked)
    right = np.where(part.more[:, None] > 0, sure, 1 - sure)
    loss += float((-np.log(right + 1e-9) * share).sum())
    d_labels[:, MORE] = (sure - part.more[:, None]) * share
    each, d_tags = _crossed(tags, part.tags, smoothing=0.0)
    heard = (part.ids > 0) * asked[:, None]
    weights = 3.0 * heard / max(float(heard.sum()), 1.0)
    return loss + float((each * weights).sum()), d_labels, d_tags * weights[..., None]


def _crossed(logits: Array, truth: Array, smoothing: float) -> tuple[Array, Array]:
    """Cross entropy along the last axis against smoothed labels, and its gradient."""
    logs = logits - logits.max(-1, keepdims=True)
    logs -= np.log(np.exp(logs).sum(-1, keepdims=True))
    wanted = np.full_like(logs, smoothing / logs.shape[-1])
    at = truth[..., None].astype(np.int64)
    np.put_along_axis(wanted, at, 1 - smoothing + smoothing / logs.shape[-1], -1)
    return -(wanted * logs).sum(-1), np.exp(logs) - wanted
