"""A decoder model on another machine: what batching asks of `Decoder`, answered from there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from edge_agent.models.runtime.folder import Array, Weights, read_config
from edge_agent.models.runtime.library import arranged
from edge_agent.models.runtime.metadata import read_metadata
from tests.models.far.machine import Call, FarMachine

_STATE = "vm.builtin.kv_state_"


class FarDecoder:
    """The same functions in the same order as `runtime.decoder.Decoder` calls them."""

    page = 16

    def __init__(
        self, machine: FarMachine, folder: Path, library: Path, *, sequences: int, tokens: int
    ) -> None:
        module = machine.executable(library)
        said, config = read_metadata(machine.function("_metadata", module)()), read_config(folder)
        self.vocabulary = int(config["vocab_size"])
        self.context, self.chunk = said.context, said.prefill_chunk_size
        self.sequences, self.pages = sequences, -(-tokens // self.page)
        self._parameters = list(arranged(said, Weights(folder), config))
        self._embed = machine.function("embed", module)
        self._prefill = machine.function("batch_prefill", module)
        self._decode = machine.function("batch_decode", module)
        self._state = {
            name: machine.function(_STATE + name)
            for name in ("begin_forward", "end_forward", "add_sequence", "remove_sequence",
                         "fork_sequence", "clear")
        }  # fmt: skip
        self._free: Call = machine.function("vm.builtin.attention_kv_cache_get_num_available_pages")
        create = machine.function("create_tir_paged_kv_cache", module)
        self._cache = create(*((n,) for n in (sequences, tokens, self.chunk, self.page, 0)))

    @property
    def free_pages(self) -> int:
        return int(self._free(self._cache))

    def add(self, sequence: int) -> None:
        self._state["add_sequence"](self._cache, sequence)

    def fork(self, parent: int, child: int, length: int) -> None:
        self._state["fork_sequence"](self._cache, parent, child, length)

    def remove(self, sequence: int) -> None:
        self._state["remove_sequence"](self._cache, sequence)

    def clear(self) -> None:
        self._state["clear"](self._cache)

    def step(self, work: Sequence[tuple[int, Sequence[int]]]) -> Array:
        tokens = np.array([token for _, each in work for token in each], np.int32)
        lengths = tuple(len(each) for _, each in work)
        rows = self._embed(tokens, self._parameters)
        sequences = tuple(sequence for sequence, _ in work)
        self._state["begin_forward"](self._cache, sequences, lengths)
        if max(lengths) == 1:
            said = self._decode(rows[:, None], self._cache, self._parameters)
            logits: Array = said[0][:, 0]
        else:
            ends = np.cumsum(lengths).astype(np.int32) - 1
            said = self._prefill(rows[None], ends, self._cache, self._parameters)
            logits = said[0][0]
        self._state["end_forward"](self._cache)
        return logits[:, : self.vocabulary]
