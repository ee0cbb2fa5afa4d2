"""An answer told piece by piece is what all of its tokens say at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, normalizers

from edge_agent.models.runtime.text import Growing, Tokens
from tests.models.tiny import END, tokenizer

STOPS = ["\nUSER", "é", "ab", "b"]
WORDS = ["▁", "▁a", "a", "b", "ab", "▁the", "the", "é", "x", "\n", "U", "S", "E", "R"]


def with_bytes() -> Tokenizer:
    """A tokenizer as SentencePiece makes them: spaces are letters, the rest goes by bytes."""
    pieces = ["<unk>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), *WORDS]
    made = Tokenizer(
        models.BPE(
            vocab={piece: id for id, piece in enumerate(pieces)},
            merges=[("a", "b"), ("▁", "a")],
            unk_token="<unk>",
            byte_fallback=True,
        )
    )
    made.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    made.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    made.add_special_tokens(["</s>"])
    return made


@pytest.fixture(scope="module", params=["letters", "bytes"])
def tokens(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Tokens:
    folder = tmp_path_factory.mktemp("tokens")
    made = tokenizer() if request.param == "letters" else with_bytes()
    made.save(str(folder / "tokenizer.json"))
    return Tokens(folder)


def told(tokens: Tokens, ids: Sequence[int], stops: Sequence[str]) -> list[str]:
    growing, pieces = Growing(tokens, stops), []
    for id in ids:
        pieces.append(growing.add(id))
        if growing.stopped:
            break
    return [*pieces, growing.end()]


def expected(tokens: Tokens, ids: Sequence[int], stops: Sequence[str]) -> str:
    for count in range(len(ids)):
        text = tokens.decode(ids[: count + 1])
        places = [text.find(stop) for stop in stops if stop in text]
        if places:
            return text[: min(places)]
    return tokens.decode(ids)


@given(text=st.text(), stops=st.lists(st.sampled_from(STOPS), max_size=2))
def test_a_text_is_told_as_it_is(tokens: Tokens, text: str, stops: list[str]) -> None:
    ids = tokens.encode(text)
    assert "".join(told(tokens, ids, stops)) == expected(tokens, ids, stops)


@given(
    ids=st.lists(st.integers(0, 270), max_size=40),
    stops=st.lists(st.sampled_from(STOPS), max_size=2),
)
def test_so_is_what_a_model_makes_up(tokens: Tokens, ids: list[int], stops: list[str]) -> None:
    said = expected(tokens, ids, stops)
    pieces = told(tokens, ids, stops)
    if tokens.byte_level() or "\ufffd" not in said:
        assert "".join(pieces) == said
    if "\ufffd" not in said:  # else a byte of no character may end a piece, before a held stop text
        assert not any("\ufffd" in piece for piece in pieces)


def test_bytes_wait_for_their_character_and_spaces_stay(tokens: Tokens) -> None:
    ids = [*tokens.encode("the €"), END, *tokens.encode("😀 a  b")]
    pieces = told(tokens, ids, [])
    assert "".join(pieces) == tokens.decode(ids)
    assert "".join(pieces).endswith("😀 a  b")


class Counting(Tokens):
    """Notes how many tokens are decoded at a time."""

    def decode(self, ids: Sequence[int]) -> str:
        self.most = max(getattr(self, "most", 0), len(ids))
        return super().decode(ids)


@pytest.mark.parametrize("made", [tokenizer, with_bytes])
def test_a_long_answer_is_decoded_a_few_tokens_at_a_time(
    tmp_path: Path, made: Callable[[], Tokenizer]
) -> None:
    made().save(str(tmp_path / "tokenizer.json"))
    tokens = Counting(tmp_path)
    told(tokens, tokens.encode("ab a € " * 100), [])
    assert tokens.most <= 8
