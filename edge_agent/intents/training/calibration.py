"""How sure the network may say it is: its logits divided by a temperature (Guo et al. 2017)."""

from __future__ import annotations

import numpy as np

from edge_agent.intents.shape import INTENT
from edge_agent.intents.training.network import Array, Weights

_TRIED = np.geomspace(0.25, 4.0, 41)


def temperature(logits: Array, truth: Array) -> float:
    """The one that makes the truth likeliest."""
    return float(min(_TRIED, key=lambda each: _surprise(logits / each, truth)))


def calibrated(weights: Weights, temperature: float) -> Weights:
    """Weights whose intent logits are those of before, divided by the temperature."""
    labels, bias = weights["labels"].copy(), weights["labels_bias"].copy()
    labels[:, INTENT] /= temperature
    bias[INTENT] /= temperature
    return {**weights, "labels": labels, "labels_bias": bias}


def _surprise(logits: Array, truth: Array) -> float:
    logs = logits - logits.max(1, keepdims=True)
    logs -= np.log(np.exp(logs).sum(1, keepdims=True))
    return float(-np.take_along_axis(logs, truth[:, None], 1).mean())
