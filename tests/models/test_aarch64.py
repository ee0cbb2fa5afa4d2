"""The libraries compiled here for aarch64 give the same on such a processor, played by qemu."""

from __future__ import annotations

import numpy as np
import pytest

from edge_agent.models.runtime.batching import Batcher
from tests.models.conftest import ARM, Made
from tests.models.far.decoder import FarDecoder
from tests.models.far.machine import FarMachine
from tests.models.test_decoder import Asked, prompts, run


@pytest.fixture
def decoder(llama: Made, far_machine: FarMachine) -> FarDecoder:
    library = llama.folder / f"{ARM}.so"
    return FarDecoder(far_machine, llama.folder, library, sequences=8, tokens=2048)


def test_one_after_the_other_ragged_and_in_chunks_gives_the_greedy_tokens(
    llama: Made, decoder: FarDecoder
) -> None:
    batcher = Batcher(decoder)
    alone = Asked(batcher, prompts()[5])
    run(batcher)
    together = [Asked(batcher, prompt) for prompt in prompts(6)]
    run(batcher)
    assert alone.tokens == llama.tiny.greedy(prompts()[5], 6)
    assert [each.tokens for each in together] == [llama.tiny.greedy(p, 6) for p in prompts(6)]


def test_a_known_beginning_is_forked_and_gives_the_same(llama: Made, decoder: FarDecoder) -> None:
    batcher = Batcher(decoder)
    prompt = prompts()[5]
    Asked(batcher, prompt)
    run(batcher)
    other = [*prompt[:70], 3, 4, 5]
    forked = Asked(batcher, other)
    run(batcher)
    assert forked.request.reused == 70
    assert forked.tokens == llama.tiny.greedy(other, 6)


def test_the_logits_are_those_of_float_arithmetic(llama: Made, decoder: FarDecoder) -> None:
    decoder.add(0)
    for start in range(0, 100, decoder.chunk):
        logits = decoder.step([(0, prompts()[5][start : start + decoder.chunk])])
    assert np.abs(logits[0] - llama.tiny.logits(prompts()[5])).max() < 2e-4
