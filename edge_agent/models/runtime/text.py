"""From text to tokens and back: the tokenizer, answers as they grow, and where they stop."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edge_agent.models.runtime.folder import BrokenFolder, tokenizer_file

_HELD = "\ufffd"
_BYTE = re.compile("<0x[0-9A-F]{2}>")


def read_tokenizer(folder: Path) -> Any:
    """The tokenizer of a folder.

    Raises:
        BrokenFolder: there is none, or it is damaged.
    """
    from tokenizers import Tokenizer

    path = tokenizer_file(folder)
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
        self._bytes = frozenset(
            id for text, id in self._tokenizer.get_vocab().items() if _BYTE.fullmatch(text)
        )
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

    def is_byte(self, id: int) -> bool:
        """Whether a token is one byte of a character that has no token: what the next tokens are
        decides what becomes of it and of the bytes before it."""
        return id in self._bytes

    def byte_level(self) -> bool:
        """Whether tokens are written as GPT-2's bytes, not as text with byte fallback."""
        return "ByteLevel" in str(self._tokenizer.decoder)


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    taken = text[start:end]
    return start + len(taken) - len(taken.lstrip()), end - len(taken) + len(taken.rstrip())


class Growing:
    """The text of an answer while it grows: whole characters only, and never past a stop text.

    Only the last tokens are decoded anew, behind those before them: a tokenizer may treat the
    first token of a text in its own way.
    """

    def __init__(self, tokens: Tokens, stops: Sequence[str]) -> None:
        self._tokens = tokens
        self._stops = [stop for stop in stops if stop]
        self._before: list[int] = []
        self._skipped = 0
        self._ids: list[int] = []
        self._settled = ""
        self._told = 0
        self.stopped = False

    def add(self, token: int) -> str:
        """The text that is certain now and was not before."""
        self._ids.append(token)
        text = self._tokens.decode(self._before + self._ids)[self._skipped :]
        told = self._tell(self._settled + text, final=False)
        if text and text[-1] != _HELD and not self._tokens.is_byte(token):
            self._settle(text)
        return told

    def end(self) -> str:
        """What was still held back when the answer ended."""
        if self.stopped:
            return ""
        text = self._tokens.decode(self._before + self._ids)[self._skipped :]
        return self._tell(self._settled + text, final=True)

    def _settle(self, text: str) -> None:
        """What follows does not change the text of the last tokens any more."""
        self._settled = (self._settled + text)[self._told :]
        self._told = 0
        self._before, self._ids = self._ids, []
        self._skipped = len(self._tokens.decode(self._before))

    def _tell(self, text: str, *, final: bool) -> str:
        places = [place for stop in self._stops if (place := text.find(stop)) >= 0]
        if places:
            self.stopped = True
            certain = min(places)
        else:
            certain = len(text) if final else self._certain(text)
        told, self._told = text[self._told : certain], max(self._told, certain)
        return told

    def _certain(self, text: str) -> int:
        """How much cannot change any more: no half character, no beginning of a stop text."""
        whole = len(text.rstrip(_HELD))
        for stop in self._stops:
            if text[whole - 1 : whole] not in stop:
                continue
            for length in range(min(len(stop) - 1, whole), 0, -1):
                if text.startswith(stop[:length], whole - length):
                    whole -= length
                    break
        return whole
