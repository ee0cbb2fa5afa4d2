"""Choosing the next token from logits: penalties, temperature, nucleus, a mask, a seed."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from msgspec import Struct, structs

from edge_agent.models.runtime.folder import Array


class Sampling(Struct, frozen=True, kw_only=True):
    """How tokens are chosen; names and ranges of OpenAI's API. `temperature` 0 is greedy.

    `repetition_penalty` divides the logits of tokens seen (CTRL, Keskar et al. 2019, equation 1),
    the other penalties are subtracted.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    frequency_penalty: float = 0.0
    presence_penalty: float = 0.0
    repetition_penalty: float = 1.0
    seed: int | None = None
    logit_bias: dict[int, float] = {}
    confidence: bool = False


class Sampler:
    """Chooses the tokens of one answer; the same seed and logits give the same tokens.

    `plain`: without a mask it takes the likeliest token, whatever came before; nothing is kept.
    """

    def __init__(self, sampling: Sampling) -> None:
        self.sampling = sampling
        unchanged = structs.replace(sampling, temperature=0.0, top_p=1.0, seed=None)
        self.plain = sampling.temperature <= 0 and unchanged == Sampling()
        self._seen: Counter[int] = Counter()
        self._logprobs: list[float] = []
        self._random = np.random.Generator(np.random.Philox(sampling.seed))

    def choose(self, logits: Array, allowed: Array | None = None) -> int:
        """One token id; `allowed` is a boolean mask of the vocabulary."""
        scores = self._penalised(logits)
        if allowed is not None:
            scores = np.where(allowed, scores, -np.inf)
        if self.sampling.temperature <= 0:
            token = int(scores.argmax())
        else:
            token = self._drawn(scores)
        self._seen[token] += 1
        if self.sampling.confidence and (allowed is None or np.count_nonzero(allowed) > 1):
            self._logprobs.append(_logprob(scores, token))
        return token

    @property
    def confidence(self) -> float | None:
        """The geometric mean of the probabilities of the tokens that were a choice."""
        return float(np.exp(np.mean(self._logprobs))) if self._logprobs else None

    def _penalised(self, logits: Array) -> Array:
        wanted = self.sampling
        plain = wanted.repetition_penalty == 1 and not wanted.frequency_penalty
        if not wanted.logit_bias and (not self._seen or (plain and not wanted.presence_penalty)):
            return logits
        scores = logits.astype(np.float64)
        if self._seen:
            tokens = np.fromiter(self._seen, np.int64)
            counts = np.fromiter(self._seen.values(), np.int64)
            chosen = scores[tokens]
            divisor = wanted.repetition_penalty
            chosen = np.where(chosen > 0, chosen / divisor, chosen * divisor)
            chosen -= wanted.frequency_penalty * counts + wanted.presence_penalty
            scores[tokens] = chosen
        for token, bias in wanted.logit_bias.items():
            scores[token] += bias
        return scores

    def _drawn(self, scores: Array) -> int:
        """By the inverse of the distribution; with `top_p` of the likeliest tokens alone."""
        weights = np.exp((scores - scores.max()) / self.sampling.temperature, dtype=np.float64)
        order: Any = None
        if self.sampling.top_p < 1:
            order = np.argsort(-weights, kind="stable")
            weights = weights[order]
            share = np.cumsum(weights) / weights.sum()
            weights = weights[: int(np.searchsorted(share, self.sampling.top_p)) + 1]
        edges = np.cumsum(weights)
        place = int(np.searchsorted(edges, self._random.random() * edges[-1], side="right"))
        place = min(place, edges.size - 1)
        return place if order is None else int(order[place])


def _logprob(scores: Array, token: int) -> float:
    """A token's logarithmic probability at temperature 1, whatever it was chosen at."""
    top = scores.max()
    return float(scores[token] - top - np.log(np.exp(scores - top).sum()))
