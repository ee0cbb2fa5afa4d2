"""A decoder model loaded: sequences in a paged cache, steps over several of them at once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from edge_agent.models.runtime.folder import Array, Weights, read_config, vocabulary
from edge_agent.models.runtime.library import Library, tensor

_PAGE = 16
_STATE = "vm.builtin.kv_state_"


class Decoder:
    """One model's functions and cache.

    `step` takes the next tokens of several sequences; ids must be below `vocabulary` and the
    tokens of one step no more than `chunk`, which the caller sees to. `pages` of `page` tokens are
    the cache; a sequence's tokens take whole pages.
    """

    page = _PAGE

    def __init__(self, folder: Path, library: Path, *, sequences: int, tokens: int) -> None:
        import tvm_ffi

        # A step asks for the same few shapes and inputs as the one before it.
        self._shape = lru_cache(maxsize=256)(tvm_ffi.Shape)
        self._inputs = lru_cache(maxsize=256)(_input)
        self.config = read_config(folder)
        self.library = Library(library)
        said = self.library.metadata()
        self.vocabulary, self._active = vocabulary(self.config)
        self.context, self.chunk = said.context, said.prefill_chunk_size
        self.sequences = min(sequences, said.max_batch_size or sequences)
        self.pages = -(-tokens // _PAGE)
        self._parameters = self.library.parameters(said, Weights(folder), self.config)
        self._embed = self.library["embed"]
        self._prefill = self.library["batch_prefill"]
        self._decode = self.library["batch_decode"]
        sizes = (self.sequences, self.pages * _PAGE, self.chunk, _PAGE, 0)
        create = self.library["create_tir_paged_kv_cache"]
        self._cache = create(*(self._shape((size,)) for size in sizes))
        state = tvm_ffi.get_global_func
        self._begin, self._end = state(_STATE + "begin_forward"), state(_STATE + "end_forward")
        self._add, self._remove = state(_STATE + "add_sequence"), state(_STATE + "remove_sequence")
        self._fork, self._pop = state(_STATE + "fork_sequence"), state(_STATE + "popn")
        self._clear = state(_STATE + "clear")
        self._reshape = state("vm.builtin.reshape")
        self._free = state("vm.builtin.attention_kv_cache_get_num_available_pages")

    def add(self, sequence: int) -> None:
        """Make an empty sequence."""
        self._add(self._cache, sequence)

    def fork(self, parent: int, child: int, length: int) -> None:
        """Make a sequence that begins with the first `length` tokens of another."""
        self._fork(self._cache, parent, child, length)

    def remove(self, sequence: int) -> None:
        """Forget a sequence and give its pages back."""
        self._remove(self._cache, sequence)

    def clear(self) -> None:
        """Forget every sequence, after an error too."""
        self._clear(self._cache)

    @property
    def free_pages(self) -> int:
        """Pages nobody uses."""
        return int(self._free(self._cache))

    def step(self, work: Sequence[tuple[int, Sequence[int]]]) -> Array:
        """The logits (sequences, vocabulary) after the next tokens of each sequence."""
        tokens = [token for _, each in work for token in each]
        lengths = [len(each) for _, each in work]
        values, input_ids = self._inputs(len(tokens))
        values[:] = tokens
        rows = self._embed(input_ids, self._parameters)
        self._begin(
            self._cache,
            self._shape(tuple(sequence for sequence, _ in work)),
            self._shape(tuple(lengths)),
        )
        try:
            logits = self._forward(rows, lengths)
        finally:
            self._end(self._cache)
        known: Array = np.ascontiguousarray(logits[:, : self.vocabulary])
        known[:, self._active :] = -np.inf
        return known

    def _forward(self, rows: Any, lengths: Sequence[int]) -> Array:
        count, width = sum(lengths), rows.shape[-1]
        if count == len(lengths):
            each = self._reshape(rows, self._shape((count, 1, width)))
            answer: Any = self._decode(each, self._cache, self._parameters)
            decoded: Array = np.from_dlpack(answer[0])[:, 0]
            return decoded
        ends = np.cumsum(lengths).astype(np.int32) - 1
        whole = self._reshape(rows, self._shape((1, count, width)))
        answer = self._prefill(whole, tensor(ends), self._cache, self._parameters)
        prefilled: Array = np.from_dlpack(answer[0])[0]
        return prefilled


def _input(count: int) -> tuple[Array, Any]:
    """Room for so many token ids, as an array and as the tensor over it."""
    made = tensor(np.zeros(count, np.int32))
    return np.from_dlpack(made), made
