"""From texts to the arrays that an exported model takes, as its `config.json` has it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from edge_agent.models.runtime.folder import Array, BrokenFolder, read_json
from edge_agent.models.runtime.text import read_tokenizer

# Their positions are counted from the padding's id on, so the first ones are never used.
_SHIFTED = frozenset({"camembert", "mpnet", "roberta", "xlm-roberta"})


class Config(msgspec.Struct, frozen=True):
    """What we read of `config.json`; transformers gives the fields their names."""

    id2label: dict[int, str] = {}
    max_position_embeddings: int = 512
    model_type: str = ""
    pad_token_id: int | None = 0

    @property
    def labels(self) -> list[str]:
        """The labels in the order of the model's scores."""
        return [self.id2label[id] for id in sorted(self.id2label)]

    @property
    def longest(self) -> int:
        """The most tokens of a text; what is longer is cut."""
        shift = (self.pad_token_id or 0) + 1 if self.model_type in _SHIFTED else 0
        return self.max_position_embeddings - shift


def read_config(folder: Path) -> Config:
    """The folder's `config.json`.

    Raises:
        BrokenFolder: it is missing, or says something else than it should.
    """
    path = folder / "config.json"
    try:
        return msgspec.convert(read_json(path), Config, str_keys=True)
    except msgspec.ValidationError as error:
        raise BrokenFolder(f"{path}: {error}") from None


class Reader:
    """The tokenizer of a folder, with padding and cutting as the model needs them.

    Raises:
        BrokenFolder: there is none, or it is damaged.
    """

    def __init__(self, folder: Path, config: Config) -> None:
        self._tokenizer = read_tokenizer(folder)
        cut = (self._tokenizer.truncation or {}).get("max_length", config.longest)
        self._tokenizer.enable_truncation(min(cut, config.longest))
        self._tokenizer.enable_padding(pad_id=config.pad_token_id or 0)

    def read(self, texts: Sequence[str]) -> dict[str, Array]:
        """Every input there may be; each of texts x tokens."""
        found = self._tokenizer.encode_batch(list(texts))
        return {
            "input_ids": np.array([each.ids for each in found]),
            "attention_mask": np.array([each.attention_mask for each in found]),
            "token_type_ids": np.array([each.type_ids for each in found]),
        }
