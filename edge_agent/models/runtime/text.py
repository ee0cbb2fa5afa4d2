"""From text to tokens and back: the tokenizer, answers as they grow, and where they stop."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edge_agent.models.runtime.folder import BrokenFolder

_HELD = "\ufffd"


def read_tokenizer(folder: Path) -> Any:
    """The tokenizer of a folder.

    Raises:
        BrokenFolder: there is none, or it is damaged.
    """
    from tokenizers import Tokenizer

    path = folder / "tokenizer.json"
    if not path.exists():
        raise BrokenFolder(f"{path}: missing; folders without it are not supported")
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:
        raise BrokenFolder(f"{path}: {error}") from None


class Tokens:
    """The tokenizer of a folder (`tokenizer.json`)."""

    def __init__(self, folder: Path) -> None:
        self._tokenizer = read_tokenizer(folder)
        added = self._tokenizer.get_added_tokens_decoder()
        self._special = frozenset(id for id, token in added.items() if token.content.strip())
        self.longest = max(map(len, self._tokenizer.get_vocab()), default=1)
        """How many characters a token has at most."""

    def encode(self, text: str) -> list[int]:
        """The ids of a text; special tokens written in it count as such, none is added."""
        return list(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def read(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        """The same, and where special tokens stand, without the white space they take in."""
        found = self._tokenizer.encode(text, add_special_tokens=False)
        pairs = zip(found.ids, found.offsets, strict=True)
        places = [_stripped(text, *place) for id, place in pairs if id in self._special]
        return list(found.ids), places

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids, without special tokens."""
        return str(self._tokenizer.decode(list(ids), skip_special_tokens=True))

    def vocabulary(self, size: int) -> list[str]:
        """The tokens by id, as the tokenizer writes them."""
        found = [""] * size
        for text, token in self._tokenizer.get_vocab().items():
            if token < size:
                found[token] = text
        return found

    def byte_level(self) -> bool:
        """Whether tokens are written as GPT-2's bytes, not as text with byte fallback."""
        return "ByteLevel" in str(self._tokenizer.decoder)


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    taken = text[start:end]
    return start + len(taken) - len(taken.lstrip()), end - len(taken) + len(taken.rstrip())


class Growing:
    """The text of an answer while it grows: whole characters only, and never past a stop text."""

    def __init__(self, tokens: Tokens, stops: Sequence[str]) -> None:
        self._tokens = tokens
        self._stops = [stop for stop in stops if stop]
        self._ids: list[int] = []
        self._told = 0
        self._text = ""
        self.stopped = False

    def add(self, token: int) -> str:
        """The text that is certain now and was not before."""
        self._ids.append(token)
        return self._tell(final=False)

    def end(self) -> str:
        """What was still held back when the answer ended."""
        return "" if self.stopped else self._tell(final=True)

    def _tell(self, *, final: bool) -> str:
        self._text = self._tokens.decode(self._ids)
        places = [place for stop in self._stops if (place := self._text.find(stop)) >= 0]
        if places:
            self.stopped = True
            certain = min(places)
        else:
            certain = len(self._text) if final else self._certain()
        told, self._told = self._text[self._told : certain], max(self._told, certain)
        return told

    def _certain(self) -> int:
        """How much cannot change any more: no half character, no beginning of a stop text."""
        whole = len(self._text.rstrip(_HELD))
        for stop in self._stops:
            for length in range(min(len(stop) - 1, whole), 0, -1):
                if self._text[:whole].endswith(stop[:length]):
                    whole -= length
                    break
        return whole
