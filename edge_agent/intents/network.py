"""The intent network on the slim runtime, in this process."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edge_agent.intents.compose import NOTHING, compose
from edge_agent.intents.encoding import encode
from edge_agent.intents.understand import heard
from edge_agent.models.runtime.folder import Array
from edge_agent.models.runtime.library import Library, tensor
from schemas.intent import Understood

_STEP = 4  # the kernels take rows by four


class Network:
    """A compiled network; the runtime must be loaded (`load_runtime`).

    Raises:
        BrokenFolder: the library cannot be loaded.
    """

    def __init__(self, library: Path) -> None:
        self._main = Library(library)["main"]

    def understand(self, text: str, language: str = "") -> Understood:
        """What a sentence means; the language is recognised when it is not given."""
        ids, places = encode(text)
        labels, tags = (np.from_dlpack(each) for each in self._main(tensor(padded(ids))))
        found = heard(text, places, labels[0], tags, language=language)
        if not any(map(str.isalnum, text)):
            return Understood(NOTHING, 1.0, {}, found.language)
        return compose(text, found)


def padded(ids: bytes) -> Array:
    """Bytes as the compiled network takes them: zeros up to a multiple of four."""
    made = np.zeros(max(len(ids) + -len(ids) % _STEP, _STEP), np.int32)
    made[: len(ids)] = np.frombuffer(ids, np.uint8)
    return made
