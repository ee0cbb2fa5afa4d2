"""Answers that follow a JSON Schema: xgrammar's masks, without the torch its package imports."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from edge_agent.models.runtime.folder import Array
from edge_agent.models.runtime.text import Tokens

_BYTE_FALLBACK, _BYTE_LEVEL = 1, 2
# How an answer that must end soon goes on: a text ends, then an object, a list, a number.
_ENDS_TEXT, _ENDS = '"', ("}", "]", ",", '"')
_SPACES = (" ", "Ġ", "▁")  # as text, GPT-2's bytes and SentencePiece write it
_NAMES = ("TokenizerInfo", "Grammar", "CompiledGrammar", "GrammarCompiler", "GrammarMatcher")


@cache
def _bindings() -> dict[str, Any]:
    """xgrammar's native classes by name.

    Raises:
        ImportError: xgrammar is not installed; the text says how to get it.
    """
    import tvm_ffi

    found = importlib.util.find_spec("xgrammar")
    folder = Path(next(iter(found.submodule_search_locations or ()))) if found else Path()
    library = folder / "libxgrammar_bindings.so"
    if found is None or not library.exists():
        raise ImportError("answers in JSON need the extra: pip install hearthflow[models]")
    tvm_ffi.load_module(str(library), keep_module_alive=True)
    classes = {}
    for name in _NAMES:
        made = type(name, (tvm_ffi.Object,), {"__slots__": ()})
        classes[name] = tvm_ffi.register_object(f"xgrammar.tvm_ffi_binding.{name}")(made)
    return classes


class Grammars:
    """Compiles schemas for one tokenizer."""

    def __init__(self, tokens: Tokens, vocabulary: int, stops: list[int]) -> None:
        classes = _bindings()
        kind = _BYTE_LEVEL if tokens.byte_level() else _BYTE_FALLBACK
        texts = tokens.vocabulary(vocabulary)
        info = classes["TokenizerInfo"](texts, kind, vocabulary, stops, False)
        ids = {text: id for id, text in enumerate(texts)}
        self._marks = {mark: ids[mark] for mark in (*_ENDS, *_SPACES) if mark in ids}
        self._compiler = classes["GrammarCompiler"](info, 1, True, -1)
        self._matcher = classes["GrammarMatcher"]
        self._vocabulary = vocabulary

    def json(self, schema: dict[str, Any] | None) -> Matcher:
        """A matcher of one answer that is JSON, of a schema if there is one.

        Raises:
            ValueError: it is no JSON Schema.
        """
        text = msgspec.json.encode(schema if schema is not None else {}).decode()
        try:
            compiled = self._compiler.compile_json_schema(
                text, False, None, (",", ":"), True, None, False
            )
        except Exception as error:
            raise ValueError(f"the schema: {str(error).strip().splitlines()[-1]}") from None
        matcher = self._matcher(compiled, None, False, -1, None)
        return Matcher(matcher, self._vocabulary, self._marks)


class Matcher:
    """Follows one answer; `marks` are the tokens of quotes, brackets, commas and spaces."""

    def __init__(self, matcher: Any, vocabulary: int, marks: Mapping[str, int]) -> None:
        import tvm_ffi

        self._matcher, self._vocabulary, self._marks = matcher, vocabulary, marks
        self._bits = np.zeros((1, (vocabulary + 31) // 32), np.int32)
        self._shared = tvm_ffi.from_dlpack(self._bits)

    def allowed(self) -> Array:
        """Which tokens may come next, as a boolean mask."""
        self._matcher.fill_next_token_bitmask(self._shared, 0, False)
        bits = np.unpackbits(self._bits.view(np.uint8), bitorder="little")
        return bits[: self._vocabulary].astype(bool)

    def ending(self) -> Array:
        """Those of them that bring the answer to its end soonest."""
        allowed = self.allowed()
        inside_text = any(self._may(allowed, space) for space in _SPACES)
        for mark in (_ENDS_TEXT,) if inside_text else _ENDS:
            if self._may(allowed, mark):
                only = np.zeros_like(allowed)
                only[self._marks[mark]] = True
                return only
        return allowed

    def _may(self, allowed: Array, mark: str) -> bool:
        return mark in self._marks and bool(allowed[self._marks[mark]])

    def accept(self, token: int) -> bool:
        """Take a token; False when the answer is complete with it."""
        if not self._matcher.accept_token(token, False):
            raise ValueError("a token outside of the grammar was chosen")
        return not self._matcher.is_terminated()
