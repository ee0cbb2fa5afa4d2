"""Make the model in the box: `python -m edge_agent.intents.training`, as `make models` does."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterator
from pathlib import Path
from random import Random

import msgspec

from edge_agent.intents.grammar import examples
from edge_agent.intents.grammar.noise import noisy
from edge_agent.intents.labels import LANGUAGES, Example
from edge_agent.intents.shipped import FOLDER, TARGETS
from edge_agent.intents.training.calibration import calibrated, temperature
from edge_agent.intents.training.learning import Recipe, learn
from edge_agent.intents.training.network import Weights
from edge_agent.intents.training.trial import figures, intents
from edge_agent.models.compiling.intent import build_intent
from edge_agent.models.compiling.targets import TARGETS as PROCESSORS
from edge_agent.models.libraries import MANIFEST, listed
from schemas.model import Manifest

log = logging.getLogger("training")

_HELD_OUT = 2_000  # sentences of a language that are not learnt from


def main() -> None:
    """Generate, learn, calibrate, compile; what is going on is logged."""
    logging.basicConfig(level=logging.INFO, format="%(relativeCreated)7d ms  %(message)s")
    given = _arguments()
    learnt = [each for name in LANGUAGES for each in _sentences(name, given.seed, given.count)]
    unseen = [each for name in LANGUAGES for each in _sentences(name, given.seed + 1, _HELD_OUT)]
    log.info("%d sentences", len(learnt))
    recipe = Recipe(seed=given.seed, rounds=given.rounds)
    weights = learn(learnt, recipe, log.info)
    sure = temperature(*intents(weights, unseen))
    log.info("temperature %.2f", sure)
    for each in figures(weights, unseen):
        log.info("held out: %s", msgspec.json.encode(each).decode())
    ship(calibrated(weights, sure), given.out)


def ship(weights: Weights, out: Path) -> None:
    """Compile for every target and write the manifest."""
    out.mkdir(parents=True, exist_ok=True)
    for target in TARGETS:
        build_intent(weights, PROCESSORS[target], out / f"{target}.so")
        log.info("compiled for %s", target)
    manifest = Manifest(
        name="intent",
        kind="intent",
        licence="Apache-2.0",
        source="edge_agent/intents/grammar",
        libraries=listed(out, [(target, f"{target}.so") for target in TARGETS]),
    )
    text = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
    (out / MANIFEST).write_bytes(text + b"\n")


def _sentences(language: str, seed: int, count: int) -> Iterator[Example]:
    random = Random(seed)
    for each in examples(language, seed, count):
        yield noisy(each, random)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train and compile the intent model.")
    parser.add_argument("--seed", type=int, default=1, help="of sentences and weights")
    parser.add_argument("--count", type=int, default=400_000, help="sentences of a language")
    parser.add_argument("--rounds", type=int, default=1, help="how often each is learnt")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder of the libraries")
    return parser.parse_args()


if __name__ == "__main__":
    main()
