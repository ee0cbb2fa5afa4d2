"""From messages to prompts, from tokens to text, from logits to tokens."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge_agent.models.runtime.conversation import Conversation, conversation
from edge_agent.models.runtime.sampling import Sampler, Sampling
from edge_agent.models.runtime.text import Growing, Tokens
from tests.models.tiny import TEMPLATE, tokenizer

CHATML = Conversation(
    roles={"user": "<|im_start|>user", "assistant": "<|im_start|>assistant"},
    seps=["<|im_end|>\n"],
    role_content_sep="\n",
    role_empty_sep="\n",
    system_template="<|im_start|>system\n{system_message}<|im_end|>\n",
    system_message="Be brief.",
)
TURNS = [
    {"role": "user", "content": "hi"},
    {"role": "assistant", "content": "yes?"},
    {"role": "user", "content": "bye"},
]


def prompt(template: Conversation, turns: list[dict[str, str]], functions: str = "") -> str:
    return "".join(piece.text for piece in template.prompt(turns, functions))


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Tokens:
    folder = tmp_path_factory.mktemp("tokens")
    tokenizer().save(str(folder / "tokenizer.json"))
    return Tokens(folder)


def test_a_conversation_becomes_the_prompt_the_model_knows() -> None:
    assert prompt(CHATML, TURNS) == (
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nhi<|im_end|>\n"
        "<|im_start|>assistant\nyes?<|im_end|>\n<|im_start|>user\nbye<|im_end|>\n"
        "<|im_start|>assistant\n"
    )


def test_a_system_message_replaces_the_templates_own() -> None:
    told = prompt(CHATML, [{"role": "system", "content": "Shout."}, *TURNS[:1]])
    assert told.startswith("<|im_start|>system\nShout.<|im_end|>\n<|im_start|>user\nhi")


def test_separators_differ_behind_the_two_sides_and_the_first_role_may_be_left_out() -> None:
    llama = Conversation(
        roles={"user": "[INST]", "assistant": "[/INST]"},
        seps=[" ", " </s>"],
        role_content_sep=" ",
        role_empty_sep=" ",
        system_template="[INST] <<{system_message}>> ",
        system_message="Sys.",
        add_role_after_system_message=False,
    )
    expected = "[INST] <<Sys.>> hi [/INST] yes? </s>[INST] bye [/INST] "
    assert prompt(llama, TURNS) == expected


def test_functions_take_their_place_and_an_unknown_role_is_refused() -> None:
    with_functions = conversation({"conv_template": {**TEMPLATE, "system_message": "Use"}})
    assert prompt(with_functions, TURNS[:1], "x") == "Use\nUSER: hi\nASSISTANT:"
    placed = Conversation(system_template="F={function_string};")
    assert prompt(placed, TURNS[:1], "[1]").startswith("F=[1];")
    with pytest.raises(ValueError, match="knows no role `judge`"):
        prompt(CHATML, [{"role": "judge", "content": "x"}])


def test_half_characters_wait_for_their_other_half(tokens: Tokens) -> None:
    growing = Growing(tokens, [])
    ids = tokens.encode("ä€x")
    said = [growing.add(token) for token in ids]
    assert "".join(said) + growing.end() == "ä€x"
    assert "\ufffd" not in "".join(said)


def test_what_may_become_a_stop_text_is_held_back(tokens: Tokens) -> None:
    growing = Growing(tokens, ["\nUSER"])
    said = [growing.add(token) for token in tokens.encode("it is\nUS")]
    assert "".join(said) == "it is"
    assert growing.end() == "\nUS"
    stopped = Growing(tokens, ["\nUSER"])
    said = [stopped.add(token) for token in tokens.encode("it is\nUSER: x")]
    assert "".join(said) + stopped.end() == "it is"
    assert stopped.stopped


def test_temperature_zero_takes_the_likeliest_and_a_mask_forbids() -> None:
    logits = np.array([0.0, 3.0, 2.0, -1.0])
    assert Sampler(Sampling()).choose(logits) == 1
    assert Sampler(Sampling()).choose(logits, np.array([True, False, True, True])) == 2


@pytest.mark.parametrize(
    ("sampling", "plain"),
    [
        (Sampling(), True),
        (Sampling(top_p=0.5, seed=3), True),
        (Sampling(temperature=0.1), False),
        (Sampling(presence_penalty=0.1), False),
        (Sampling(repetition_penalty=1.1), False),
        (Sampling(logit_bias={1: 1.0}), False),
        (Sampling(confidence=True), False),
    ],
)
def test_the_likeliest_is_taken_unseen_only_where_nothing_else_is_asked(
    sampling: Sampling, plain: bool
) -> None:
    assert Sampler(sampling).plain is plain


def test_a_drawn_token_follows_the_distribution() -> None:
    logits = np.log(np.array([0.5, 0.3, 0.2]))
    sampler = Sampler(Sampling(temperature=1.0, seed=4))
    drawn = np.bincount([sampler.choose(logits) for _ in range(20_000)], minlength=3) / 20_000
    assert np.abs(drawn - [0.5, 0.3, 0.2]).max() < 0.015


def test_top_p_leaves_out_the_tail() -> None:
    logits = np.log(np.array([0.5, 0.3, 0.15, 0.05]))
    sampler = Sampler(Sampling(temperature=1.0, top_p=0.75, seed=4))
    assert {sampler.choose(logits) for _ in range(500)} == {0, 1}


def test_penalties_and_biases_turn_the_choice() -> None:
    logits = np.array([2.0, 1.9, -5.0])
    for penalty in (
        Sampling(frequency_penalty=0.2),
        Sampling(presence_penalty=0.2),
        Sampling(repetition_penalty=1.2),
    ):
        sampler = Sampler(penalty)
        assert [sampler.choose(logits) for _ in range(2)] == [0, 1]
    assert Sampler(Sampling(logit_bias={2: 100.0})).choose(logits) == 2


def test_a_folder_without_a_tokenizer_says_so(tmp_path: Path) -> None:
    with pytest.raises(Exception, match=r"tokenizer.json: missing"):
        Tokens(tmp_path)


def test_how_sure_a_model_was_is_the_geometric_mean_of_what_it_chose_between() -> None:
    sampler = Sampler(Sampling(confidence=True))
    logits = np.log(np.array([0.5, 0.25, 0.25]))
    assert sampler.confidence is None
    sampler.choose(logits)
    assert sampler.confidence == pytest.approx(0.5)
    sampler.choose(logits, np.array([False, True, False]))  # forced: it says nothing
    assert sampler.confidence == pytest.approx(0.5)
    sampler.choose(logits, np.array([False, True, True]))
    assert sampler.confidence == pytest.approx(0.5)
    sampler.choose(np.log(np.array([0.125, 0.75, 0.125])))
    assert sampler.confidence == pytest.approx((0.5 * 0.5 * 0.75) ** (1 / 3))


def test_nobody_pays_for_a_confidence_that_was_not_asked_for() -> None:
    sampler = Sampler(Sampling())
    sampler.choose(np.zeros(3))
    assert sampler.confidence is None
