"""The slim TVM runtime: `libtvm_runtime.so` and tvm_ffi, without the compiler.

Inputs must lie on 64-byte boundaries, and token ids inside the vocabulary: the compiled code checks
neither and would end the process. `Library` sees to the first, `batching` to the second.
"""

from __future__ import annotations

import ctypes
import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edge_agent.models.runtime.folder import Array, BrokenFolder, Weights
from edge_agent.models.runtime.metadata import Metadata, Parameter, read_metadata
from edge_agent.models.runtime.packing import parameter

_ALIGNED = 64
_CPU, _POOLED = 1, 2
_BLOCK = 16 << 20


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
    return _placed(values, np.empty(values.nbytes + _ALIGNED, np.uint8))[0]


class Room:
    """Tensors side by side in blocks so large that numpy asks the kernel for huge pages: reading
    all weights for each token would otherwise wait for page tables."""

    def __init__(self) -> None:
        self._left: Array = np.empty(0, np.uint8)

    def tensor(self, values: Array) -> Any:
        """A tensor with its own aligned copy of the values."""
        if self._left.nbytes < values.nbytes + _ALIGNED:
            self._left = np.empty(max(_BLOCK, values.nbytes + _ALIGNED), np.uint8)
        made, end = _placed(values, self._left)
        self._left = self._left[end:]
        return made


def _placed(values: Array, room: Array) -> tuple[Any, int]:
    """A tensor at the first boundary of some bytes, and where it ends there."""
    import tvm_ffi

    start = -room.__array_interface__["data"][0] % _ALIGNED
    end = start + values.nbytes
    placed = room[start:end].view(values.dtype).reshape(values.shape)
    placed[...] = values
    return tvm_ffi.from_dlpack(placed), end


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
        """A compiled function.

        Raises:
            BrokenFolder: there is none of this name.
        """
        try:
            return self.vm[name]
        except AttributeError:
            raise BrokenFolder(f"{self.path}: has no `{name}`; it is no chat model's") from None

    def metadata(self) -> Metadata:
        """What it says of itself.

        Raises:
            BrokenFolder: nothing, or that it is none for us.
        """
        try:
            return read_metadata(str(self["_metadata"]()))
        except BrokenFolder as error:
            raise BrokenFolder(f"{self.path}: {error}") from None

    def parameters(self, said: Metadata, weights: Weights, config: Mapping[str, Any]) -> Any:
        """The library's parameters from a folder's tensors, in its order.

        Raises:
            BrokenFolder: a tensor is missing or another one than the library wants.
        """
        import tvm_ffi

        return tvm_ffi.convert([tensor(values) for values in arranged(said, weights, config)])


def arranged(said: Metadata, weights: Weights, config: Mapping[str, Any]) -> Iterator[Array]:
    """A folder's tensors as the library that says this of itself wants them.

    Raises:
        BrokenFolder: a tensor is missing or another one than the library wants.
    """
    for each in said.params:
        sizes = each.sizes(config)
        if said.packing is not None:
            yield parameter(each.name, sizes, weights, said.geometry)
        else:
            yield _unchanged(each, sizes, weights)


def _unchanged(wanted: Parameter, sizes: Sequence[int], weights: Weights) -> Array:
    name = wanted.name
    if name not in weights:
        raise BrokenFolder(f"the weights have no tensor `{name}`, which the library wants")
    values = weights[name]
    fits = len(sizes) == values.ndim and all(
        size in (-1, there) for size, there in zip(sizes, values.shape, strict=True)
    )
    if not fits or values.dtype.name != wanted.dtype:
        told = f"`{name}` is {values.dtype.name} {list(values.shape)}"
        raise BrokenFolder(f"{told}, the library wants {wanted.dtype} {list(sizes)}")
    return values
