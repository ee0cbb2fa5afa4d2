"""Reading safetensors files: a length, a JSON header, then the bytes, mapped and not copied.

The format: https://huggingface.co/docs/safetensors (little-endian, offsets from the header's end).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from edge_agent.models.runtime.folder import Array, BrokenFolder, read_json

_DTYPES = {"F32": "float32", "F16": "float16", "F64": "float64"}
_HEADER_MOST = 100_000_000


class Tensors(Mapping[str, Array]):
    """The tensors of all `*.safetensors` of a folder by name, as float32.

    Raises:
        BrokenFolder: there are none, or one is broken.
    """

    def __init__(self, folder: Path) -> None:
        self._places: dict[str, tuple[Path, int, dict[str, Any]]] = {}
        paths = sorted(folder.glob("*.safetensors"))
        if not paths:
            raise BrokenFolder(f"{folder}: no *.safetensors")
        for path in paths:
            start, header = _header(path)
            for name, entry in header.items():
                if name != "__metadata__":
                    self._places[name] = path, start, entry
        self._check_index(folder)

    def __getitem__(self, name: str) -> Array:
        path, start, entry = self._places[name]
        begin, end = entry["data_offsets"]
        raw = np.memmap(path, np.uint8, "r")[start + begin : start + end]
        if raw.nbytes != end - begin:
            raise BrokenFolder(f"{path}: ends before `{name}` does; download it again")
        if entry["dtype"] == "BF16":
            values = (raw.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
        elif entry["dtype"] in _DTYPES:
            values = raw.view(_DTYPES[entry["dtype"]]).astype(np.float32)
        else:
            raise BrokenFolder(f"{path}: `{name}` is {entry['dtype']}, which is not supported")
        return np.asarray(values.reshape(entry["shape"]))

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def _check_index(self, folder: Path) -> None:
        index = folder / "model.safetensors.index.json"
        if not index.exists():
            return
        missing = {
            name: file
            for name, file in read_json(index).get("weight_map", {}).items()
            if name not in self._places
        }
        if missing:
            name, file = next(iter(missing.items()))
            raise BrokenFolder(f"{folder / file}: `{name}` is missing, and {len(missing) - 1} more")


def _header(path: Path) -> tuple[int, dict[str, Any]]:
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 0 < length < _HEADER_MOST:
            raise BrokenFolder(f"{path}: no safetensors file")
        try:
            header = msgspec.json.decode(file.read(length))
        except msgspec.DecodeError as error:
            raise BrokenFolder(f"{path}: {error}") from None
    return 8 + length, header
