"""The slim TVM runtime: `libtvm_runtime.so` and tvm_ffi, without the compiler.

Inputs must lie on 64-byte boundaries, and token ids inside the vocabulary: the compiled code checks
neither and would end the process. `Library` sees to the first, `batching` to the second.
"""

from __future__ import annotations

import ctypes
import importlib.util
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from edge_agent.models.quantization import PACKING
from edge_agent.models.runtime.folder import Array, BrokenFolder, Weights
from edge_agent.models.runtime.packing import parameter

_ALIGNED = 64
_CPU, _POOLED = 1, 2


def load_runtime() -> None:
    """Load the runtime into this process; `import tvm` is not needed, and takes 3 s.

    Raises:
        ImportError: apache-tvm is not installed; the text says how to get it.
    """
    found = importlib.util.find_spec("tvm")
    places = list(found.submodule_search_locations or ()) if found else []
    libraries = [Path(each) / "lib" / "libtvm_runtime.so" for each in places]
    library = next((each for each in libraries if each.exists()), None)
    if library is None:
        raise ImportError("compiled models need the extra: pip install hearthflow[models]")
    import tvm_ffi  # noqa: F401 (loads libtvm_ffi.so, which the runtime needs)

    ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)


def tensor(values: Array) -> Any:
    """A tensor of the runtime with its own aligned copy of the values."""
    import tvm_ffi

    raw = np.empty(values.nbytes + _ALIGNED, np.uint8)
    start = -raw.__array_interface__["data"][0] % _ALIGNED
    placed = raw[start : start + values.nbytes].view(values.dtype).reshape(values.shape)
    placed[...] = values
    return tvm_ffi.from_dlpack(placed)


class Library:
    """One compiled library: its functions by name and what it says of itself."""

    def __init__(self, path: Path) -> None:
        import tvm_ffi

        try:
            module = tvm_ffi.load_module(str(path))
            self.vm = module["vm_load_executable"]()
            self.vm["vm_initialization"](_CPU, 0, _POOLED)
        except Exception as error:
            raise BrokenFolder(f"{path}: {str(error).strip().splitlines()[-1]}") from None
        self.path = path

    def __getitem__(self, name: str) -> Any:
        """A compiled function."""
        return self.vm[name]

    def metadata(self) -> dict[str, Any]:
        """What an MLC library says of itself."""
        said = msgspec.json.decode(str(self.vm["_metadata"]()))
        return dict(said)

    def parameters(self, weights: Weights) -> Any:
        """The library's parameters from a folder's tensors, in its order.

        Raises:
            BrokenFolder: a tensor is missing or has another shape.
        """
        import tvm_ffi

        said = self.metadata()
        if said.get("packing", PACKING) != PACKING:
            raise BrokenFolder(f"{self.path}: of another version of hearthflow; compile it again")
        return tvm_ffi.convert([tensor(values) for values in arranged(said, weights)])


def arranged(said: dict[str, Any], weights: Weights) -> Iterator[Array]:
    """A folder's tensors as the library that says this of itself wants them.

    Raises:
        BrokenFolder: a tensor is missing or has another shape.
    """
    for each in said["params"]:
        name, shape = each["name"], list(each["shape"])
        if "packing" in said:
            yield parameter(name, shape, weights, said["geometry"])
        else:
            yield _unchanged(name, shape, weights)


def _unchanged(name: str, shape: Sequence[int], weights: Weights) -> Array:
    if name not in weights:
        raise BrokenFolder(f"the weights have no tensor `{name}`")
    values = weights[name]
    known = [size for size in shape if size > 0]  # -1: as large as the vocabulary
    if len(known) == len(shape) and list(values.shape) != list(shape):
        raise BrokenFolder(f"`{name}` has the shape {list(values.shape)}, not {list(shape)}")
    return values
