"""The network's gradients are right, it learns, and what is compiled of it computes the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edge_agent.intents.labels import Example
from edge_agent.intents.shape import INTENT, LABELS, TAGS, parameters
from edge_agent.intents.training.batches import batch
from edge_agent.intents.training.calibration import calibrated, temperature
from edge_agent.intents.training.learning import Recipe, learn
from edge_agent.intents.training.network import Weights, backward, first_weights, forward
from edge_agent.models.compiling.intent import build_intent
from edge_agent.models.compiling.targets import TARGETS
from edge_agent.models.runtime.library import Library, load_runtime, tensor

TOLD = [
    Example("turn on the lamp in the den", "en", "turn_on", spans=(("device", 12, 16),)),
    Example("dim the lights", "en", "set_brightness", "light", "down"),
    Example("what a day", "en", "none"),
    Example(
        "mach das licht in der küche aus", "de", "turn_off", "light", spans=(("area", 22, 27),)
    ),
    Example("打开客厅的灯", "zh", "turn_on", "light", spans=(("area", 2, 4),)),
]


def busy_weights() -> Weights:
    """Weights none of which are zero, in float64."""
    random = np.random.default_rng(3)
    weights = {name: each.astype(np.float64) for name, each in first_weights(2).items()}
    for each in weights.values():
        if not each.any():
            each += random.normal(0, 0.05, each.shape)
    return weights


@pytest.mark.parametrize("name", list(parameters()))
def test_gradients_are_those_of_differences(name: str) -> None:
    weights, random = busy_weights(), np.random.default_rng(4)
    ids = random.integers(1, 255, (3, 20))
    ids[1, 13:] = 0
    d_labels = random.normal(size=(3, LABELS))
    d_tags = random.normal(size=(3, 20, len(TAGS)))
    found = backward(weights, forward(weights, ids)[2], d_labels, d_tags)[name]
    place = np.unravel_index(np.abs(found).argmax(), found.shape)

    def at(shift: float) -> float:
        moved = weights[name].copy()
        moved[place] += shift
        labels, tags, _ = forward({**weights, name: moved}, ids)
        return float((labels * d_labels).sum() + (tags * d_tags).sum())

    assert (at(1e-5) - at(-1e-5)) / 2e-5 == pytest.approx(found[place], rel=1e-5)


def test_it_learns_what_it_is_told_and_the_same_every_time() -> None:
    recipe = Recipe(rounds=30, size=10, warm_up=5, averaged=5.0)
    weights = learn(TOLD * 2, recipe, print)
    again = learn(TOLD * 2, recipe, print)
    whole = batch(TOLD)
    labels, tags, _ = forward(weights, whole.ids)
    assert labels[:, INTENT].argmax(1).tolist() == whole.intent.tolist()
    asked = (whole.ids > 0) & (whole.intent > 0)[:, None]
    assert (tags.argmax(-1) == whole.tags)[asked].all()
    assert all((weights[name] == again[name]).all() for name in weights)


def test_a_temperature_makes_too_sure_logits_as_sure_as_they_are_right() -> None:
    random = np.random.default_rng(1)
    truth = random.integers(0, 3, 4000)
    logits = 8.0 * np.eye(3)[np.where(random.random(4000) < 0.8, truth, (truth + 1) % 3)]
    found = temperature(logits, truth)
    sure = np.exp(logits / found).max(1) / np.exp(logits / found).sum(1)
    assert sure.mean() == pytest.approx(0.8, abs=0.03)
    weights = narrow(busy_weights())
    ids = batch(TOLD).ids
    cooler = forward(calibrated(weights, found), ids)[0][:, INTENT]
    assert cooler == pytest.approx(forward(weights, ids)[0][:, INTENT] / found, abs=1e-4)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The compiled network of busy weights."""
    path = tmp_path_factory.mktemp("intent") / "it.so"
    build_intent(narrow(busy_weights()), TARGETS["x86-64-v2"], path)
    load_runtime()
    return Library(path)["main"]


def narrow(weights: Weights) -> Weights:
    return {name: each.astype(np.float32) for name, each in weights.items()}


def test_the_compiled_network_computes_what_numpy_does(compiled: Any) -> None:
    weights, random = narrow(busy_weights()), np.random.default_rng(5)
    for length, padding in ((4, 3), (32, 0), (60, 2), (256, 0)):
        ids = random.integers(1, 255, length, dtype=np.int32)
        ids[length - padding :] = 0
        labels, tags = (np.from_dlpack(each) for each in compiled(tensor(ids)))
        wanted = forward(weights, ids[None])
        assert labels == pytest.approx(wanted[0], abs=2e-4)
        heard = length - padding
        assert tags[:heard, : len(TAGS)] == pytest.approx(wanted[1][0, :heard], abs=2e-4)


def test_ids_that_are_no_bytes_do_no_harm(compiled: Any) -> None:
    labels, _ = compiled(tensor(np.array([-5, 2**31 - 1, 256, 0], np.int32)))
    assert np.isfinite(np.from_dlpack(labels)).all()
