"""A sentence model on onnxruntime: the label of a text, or a vector for each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edge_agent.models.exported.files import GRAPH
from edge_agent.models.exported.reading import Reader, read_config
from edge_agent.models.runtime.folder import Array, BrokenFolder

_INPUTS = ("input_ids", "attention_mask", "token_type_ids")
_TYPES = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}
_DIMENSIONS = {"logits": 2, "sentence_embedding": 2, "last_hidden_state": 3}  # best first
_AT_ONCE = 32  # texts: what a batch takes of memory stays bounded


class Sentences:
    """The model of a folder; its graph's output says whether it classifies or embeds.

    Raises:
        BrokenFolder: a file is missing or damaged, or the graph is of another kind.
    """

    def __init__(self, folder: Path, threads: int = 1) -> None:
        self._path = folder / GRAPH
        self._session = _opened(self._path, threads)
        self._types = self._inputs()
        self._output = self._known_output()
        self._config = read_config(folder)
        self._labels = self._config.labels
        self._reader = Reader(folder, self._config)
        self._check(self._run(self._reader.read(["a"])))

    @property
    def does(self) -> str:
        """What it can: classify or embed."""
        return "classify" if self._output == "logits" else "embed"

    def classify(self, text: str) -> tuple[str, float]:
        """The likeliest label of a text, and its share by softmax."""
        (scores,) = self._run(self._reader.read([text])).astype(np.float64)
        shares = np.exp(scores - scores.max())
        shares /= shares.sum()
        best = int(shares.argmax())
        return self._labels[best], float(shares[best])

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """A vector for each text."""
        parts = [texts[at : at + _AT_ONCE] for at in range(0, len(texts), _AT_ONCE)]
        return [vector for part in parts for vector in self._vectors(part).tolist()]

    def _vectors(self, texts: Sequence[str]) -> Array:
        """The graph's own sentence vectors, else the mean of the tokens' with length 1."""
        said = self._reader.read(texts)
        found = self._run(said).astype(np.float64)
        if self._output == "sentence_embedding":
            return found
        mask = said["attention_mask"][..., None]
        mean = (found * mask).sum(1) / np.maximum(mask.sum(1), 1)
        return np.asarray(mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-12))

    def _run(self, said: dict[str, Array]) -> Array:
        feed = {name: said[name].astype(type) for name, type in self._types.items()}
        try:
            (found,) = self._session.run([self._output], feed)
        except Exception as error:  # onnxruntime's errors have no class in common
            raise BrokenFolder(f"{self._path}: {error}") from None
        return np.asarray(found)

    def _inputs(self) -> dict[str, Any]:
        """The types of the graph's inputs by name."""
        found = {each.name: each.type for each in self._session.get_inputs()}
        odd = [name for name in found if name not in _INPUTS or found[name] not in _TYPES]
        if odd or "input_ids" not in found:
            had = ", ".join(f"{name}: {found[name]}" for name in found)
            raise BrokenFolder(f"{self._path} takes {had}; known are {', '.join(_INPUTS)}, as ids")
        return {name: _TYPES[type] for name, type in found.items()}

    def _known_output(self) -> str:
        names = [each.name for each in self._session.get_outputs()]
        known = next((name for name in _DIMENSIONS if name in names), None)
        if known is None:
            told = f"{self._path} gives {', '.join(names)}; known are {', '.join(_DIMENSIONS)}"
            raise BrokenFolder(told)
        return known

    def _check(self, found: Array) -> None:
        """Compare what the graph gives for one text with what its output's name says."""
        if found.ndim != _DIMENSIONS[self._output]:
            told = f"{self._output} of {found.ndim} dimensions, not {_DIMENSIONS[self._output]}"
            raise BrokenFolder(f"{self._path} gives {told}: it is no sentence model")
        if self._output != "logits":
            return
        if found.shape[1] != len(self._labels) or len(self._labels) < 2:
            told = f"`id2label` has {len(self._labels)} labels for {found.shape[1]} scores"
            raise BrokenFolder(f"{self._path.with_name('config.json')}: {told}; 2 are the least")


def _opened(path: Path, threads: int) -> Any:
    import onnxruntime

    if not path.is_file():
        raise BrokenFolder(f"{path} is missing")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors have no class in common
        raise BrokenFolder(f"{path}: {error}") from None
