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
_PIECE, _TOLD = 8, 500


class Recipe(Struct, frozen=True):
    """How to learn: `warm_up` and `averaged` are in steps, `unheard` the share of lost bytes.

    `refusal` is how much more a sentence counts that asks for nothing: to act on one is worse than
    not to act on a wish.
    """

    seed: int = 1
    rounds: int = 1
    size: int = 16
    rate: float = 2e-3
    warm_up: int = 200
    averaged: float = 1000.0
    smoothing: float = 0.05
    decay: float = 0.01
    unheard: float = 0.02
    refusal: float = 3.0


def learn(examples: Sequence[Example], recipe: Recipe, tell: Tell) -> Weights:
    """Weights that fit the examples; the same seed, examples and machine give the same.

    Sentences that ask nothing of the home teach language and intent alone.
    """
    rng = np.random.default_rng(recipe.seed)
    flat, weights = _flat(first_weights(recipe.seed))
    adam, average = Adam(flat, recipe.decay), flat.copy()
    steps = recipe.rounds * math.ceil(len(examples) / recipe.size)
    batches = (each for _ in range(recipe.rounds) for each in by_length(examples, recipe.size, rng))
    shown = 0.0
    with ThreadPoolExecutor(2) as threads:
        for step, each in enumerate(batches):
            heard = each._replace(ids=unheard(each.ids, recipe.unheard, rng))
            loss, gradient = _gradient(weights, heard, recipe, threads)
            adam.step(gradient, _rate(recipe, step, steps))
            average += (flat - average) / np.float32(min(recipe.averaged, 1 + step / 4))
            shown += (loss - shown) / min(100, step + 1)
            if (step + 1) % _TOLD == 0:
                tell(f"step {step + 1} of {steps}, loss {shown:.3f}")
    flat[:] = average
    return weights


def _flat(weights: Weights) -> tuple[Array, Weights]:
    """All weights one after the other, and each as a view of its part."""
    flat = np.concatenate([each.reshape(-1) for each in weights.values()])
    ends = np.cumsum([each.size for each in weights.values()])
    parts = np.split(flat, ends[:-1])
    views = zip(weights.items(), parts, strict=True)
    return flat, {name: part.reshape(each.shape) for (name, each), part in views}


class Adam:
    """Adam with decoupled weight decay and gradients of bounded length (Loshchilov, Hutter)."""

    def __init__(self, weights: Array, decay: float) -> None:
        self._weights = weights
        self._mean, self._square = np.zeros_like(weights), np.zeros_like(weights)
        self._decay = decay
        self._steps = 0

    def step(self, gradient: Array, rate: float) -> None:
        """Change the weights in place."""
        self._steps += 1
        gradient *= np.float32(min(1.0, 1.0 / (math.sqrt(np.vdot(gradient, gradient)) + 1e-9)))
        self._mean += np.float32(0.1) * (gradient - self._mean)
        gradient *= gradient
        self._square += np.float32(0.02) * (gradient - self._square)
        first, second = 1 - 0.9**self._steps, 1 - 0.98**self._steps
        spread = np.sqrt(self._square)
        spread /= np.float32(math.sqrt(second))
        spread += np.float32(1e-8)
        self._weights *= np.float32(1 - rate * self._decay)
        self._weights -= np.float32(rate / first) * (self._mean / spread)


def _rate(recipe: Recipe, step: int, steps: int) -> float:
    """Rises in the first steps, then falls to nothing along half a cosine."""
    risen = min(1.0, (step + 1) / recipe.warm_up)
    return recipe.rate * risen * 0.5 * (1 + math.cos(math.pi * step / steps))


def _gradient(
    weights: Weights, whole: Batch, recipe: Recipe, threads: ThreadPoolExecutor
) -> tuple[float, Array]:
    def one(part: Batch) -> tuple[float, Array]:
        labels, tags, seen = forward(weights, part.ids)
        loss, d_labels, d_tags = losses(part, labels, tags, recipe)
        share = np.float32(len(part.ids) / len(whole.ids))
        found = backward(weights, seen, d_labels * share, d_tags * share)
        return loss * float(share), np.concatenate([found[name].reshape(-1) for name in weights])

    told = list(threads.map(one, pieces(whole, _PIECE)))
    return sum(loss for loss, _ in told), np.sum([gradient for _, gradient in told], axis=0)


def losses(part: Batch, labels: Array, tags: Array, recipe: Recipe) -> tuple[float, Array, Array]:
    """The loss of logits, a sentence's mean, and its gradients."""
    d_labels = np.zeros_like(labels)
    asked = (part.intent > 0).astype(np.float32)
    everyone = np.ones_like(asked)
    weighed = asked + (1 - asked) * np.float32(recipe.refusal)
    loss = 0.0
    for place, truth, counts, weight in (
        (LANGUAGE, part.language, everyone, 0.3),
        (INTENT, part.intent, weighed, 1.0),
        (DOMAIN, part.domain, asked, 0.5),
        (CHANGE, part.change, asked, 1.0),
    ):
        each, gradient = _crossed(labels[:, place], truth, recipe.smoothing)
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
