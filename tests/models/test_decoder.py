"""Compiled models give the tokens that float arithmetic gives, however they are batched."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from edge_agent.models.runtime.batching import Batcher, Request
from edge_agent.models.runtime.decoder import Decoder
from edge_agent.models.runtime.sampling import Sampler, Sampling
from schemas.model import Priority
from tests.models.conftest import ARM, Made, made

LENGTHS = (1, 5, 17, 33, 60, 100)
GREEDY = Sampling()
WAYS = [
    GREEDY,
    Sampling(temperature=0.8, seed=3),
    Sampling(frequency_penalty=1.5),
    Sampling(logit_bias={7: 100.0}),
    Sampling(temperature=1.2, top_p=0.7, seed=4),
]


def opened(model: Made, *, sequences: int = 8, tokens: int = 2048) -> Decoder:
    return Decoder(model.folder, model.library, sequences=sequences, tokens=tokens)


def prompts(seed: int = 5) -> list[list[int]]:
    random = np.random.default_rng(seed)
    return [[int(token) for token in random.integers(0, 523, length)] for length in LENGTHS]


class Asked:
    """A request and what came of it."""

    def __init__(
        self,
        batcher: Batcher,
        prompt: Sequence[int],
        limit: int = 6,
        *,
        sampling: Sampling = GREEDY,
    ) -> None:
        self.tokens: list[int] = []
        self.ends: list[str] = []
        self.request = Request(
            prompt, limit=limit, sampler=Sampler(sampling), token=self._token,
            ended=self.ends.append,
        )  # fmt: skip
        batcher.submit(self.request)

    def _token(self, token: int) -> bool:
        self.tokens.append(token)
        return True


def run(batcher: Batcher) -> None:
    while batcher.step():
        pass


@pytest.mark.parametrize(
    ("family", "kind"),
    [("llama", "q4f32_1"), ("qwen2", "q4f16_1"), ("qwen3", "q0f32"), ("gemma", "q0f16")],
)
def test_the_logits_are_those_of_float_arithmetic(shared: Path, family: str, kind: str) -> None:
    model = made(shared, family, kind, *([ARM] if family == "llama" else []))
    decoder = opened(model)
    for sequence, prompt in enumerate(prompts()[:5]):
        decoder.add(sequence)
        for start in range(0, len(prompt), decoder.chunk):
            logits = decoder.step([(sequence, prompt[start : start + decoder.chunk])])
        assert np.abs(logits[0] - model.tiny.logits(prompt)).max() < 2e-4


def test_one_prompt_after_the_other_gives_the_greedy_tokens(llama: Made) -> None:
    batcher = Batcher(opened(llama))
    for prompt in prompts():
        asked = Asked(batcher, prompt)
        run(batcher)
        assert asked.tokens == llama.tiny.greedy(prompt, 6)


def test_all_at_once_ragged_mixed_and_in_chunks_gives_the_same(llama: Made) -> None:
    batcher = Batcher(opened(llama))
    asked = [Asked(batcher, prompt) for prompt in prompts()]
    run(batcher)
    assert [each.tokens for each in asked] == [llama.tiny.greedy(p, 6) for p in prompts()]
    assert {end for each in asked for end in each.ends} == {"length"}


def test_whoever_shares_its_steps_an_answer_is_chosen_its_own_way(llama: Made) -> None:
    def answers(batches: Sequence[Sequence[Sampling]]) -> list[list[int]]:
        asked, batcher = [], Batcher(opened(llama))
        for ways in batches:
            asked += [Asked(batcher, prompts()[3], 20, sampling=way) for way in ways]
            run(batcher)
        return [each.tokens for each in asked]

    together, alone = answers([WAYS]), answers([[way] for way in WAYS])
    assert together == alone
    assert len({tuple(tokens) for tokens in together}) == len(WAYS)


def test_a_prompt_that_comes_later_joins_the_batch(llama: Made) -> None:
    batcher = Batcher(opened(llama))
    first, second = prompts()[4:]
    one = Asked(batcher, first, limit=12)
    for _ in range(5):
        batcher.step()
    other = Asked(batcher, second)
    run(batcher)
    assert one.tokens == llama.tiny.greedy(first, 12)
    assert other.tokens == llama.tiny.greedy(second, 6)


def test_a_known_beginning_is_forked_and_gives_the_same(llama: Made) -> None:
    batcher = Batcher(opened(llama))
    prompt = prompts()[5]
    Asked(batcher, prompt)
    run(batcher)
    other = [*prompt[:70], 3, 4, 5]
    forked = Asked(batcher, other)
    run(batcher)
    assert forked.request.reused == 70
    assert forked.tokens == llama.tiny.greedy(other, 6)


def test_what_does_not_fit_waits_and_kept_beginnings_make_room(llama: Made) -> None:
    batcher = Batcher(opened(llama, sequences=3, tokens=16 * 12))
    asked = [Asked(batcher, prompt) for prompt in prompts() * 2]
    batcher.step()
    assert batcher.waiting
    run(batcher)
    assert [each.tokens for each in asked] == [llama.tiny.greedy(p, 6) for p in prompts()] * 2


def test_an_aborted_request_ends_and_the_others_go_on(llama: Made) -> None:
    batcher = Batcher(opened(llama))
    stays, goes = Asked(batcher, prompts()[1]), Asked(batcher, prompts()[2], limit=100)
    batcher.step()
    batcher.abort(goes.request)
    run(batcher)
    assert goes.ends == ["abort"]
    assert stays.tokens == llama.tiny.greedy(prompts()[1], 6)


@pytest.mark.parametrize(
    ("prompt", "said"),
    [([], "empty"), ([5, 523], "from 0 to 522"), ([-1], "from 0"), ([1] * 300, "takes 255")],
)
def test_a_prompt_the_library_would_die_of_is_refused(
    llama: Made, prompt: list[int], said: str
) -> None:
    batcher = Batcher(opened(llama))
    with pytest.raises(ValueError, match=said):
        Asked(batcher, prompt)
    fine = Asked(batcher, prompts()[1])
    run(batcher)
    assert fine.tokens == llama.tiny.greedy(prompts()[1], 6)


def test_an_answer_is_cut_where_the_context_ends(llama: Made) -> None:
    batcher = Batcher(opened(llama))
    asked = Asked(batcher, prompts()[5], limit=10_000)
    run(batcher)
    assert len(asked.tokens) == 256 - 100
    assert asked.ends == ["length"]


def test_an_error_of_the_model_fails_what_is_under_way_and_nothing_after(llama: Made) -> None:
    decoder = opened(llama)
    batcher = Batcher(decoder)
    failed = Asked(batcher, prompts()[1])
    batcher.step()
    decoder.remove(failed.request.sequence)  # as if the cache had lost it
    run(batcher)
    assert failed.ends[0].startswith("error: ")
    fine = Asked(batcher, prompts()[2])
    run(batcher)
    assert fine.tokens == llama.tiny.greedy(prompts()[2], 6)


def test_urgent_prompts_are_let_in_first(llama: Made) -> None:
    batcher = Batcher(opened(llama, sequences=1))
    order: list[Priority] = []

    def submit(priority: Priority) -> None:
        request = Request(
            [5, 6, 7], limit=2, sampler=Sampler(Sampling()), token=lambda _: True,
            ended=lambda _: order.append(priority), priority=priority,
        )  # fmt: skip
        batcher.submit(request)

    submit("normal")
    submit("low")
    submit("high")
    run(batcher)
    assert order == ["high", "normal", "low"]
