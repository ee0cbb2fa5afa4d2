"""Another machine, played by qemu-user: loads compiled libraries there and calls their functions.

`far.cpp` runs on the other side against the runtime's own libraries for it, without Python.
"""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from edge_agent.models.runtime.folder import Array

ROOT = Path(__file__).parents[3]
RUNTIME = ROOT / ".venv" / "aarch64"
_SYSTEM = "/usr/aarch64-linux-gnu"  # libc and libstdc++ of Debian's cross compiler
_KINDS = {"i": 0, "u": 1, "f": 2}  # DLPack's codes

Call = Callable[..., Any]


class Kept:
    """Something that only makes sense over there: the number under which it is kept."""

    def __init__(self, number: int) -> None:
        self.number = number


def build(out: Path) -> Path:
    """The program for aarch64; the runtime's libraries are fetched the first time."""
    subprocess.run([ROOT / "scripts" / "aarch64-runtime"], check=True)
    headers = next((ROOT / ".venv" / "lib").glob("python*/site-packages/tvm_ffi/include"))
    source = Path(__file__).with_name("far.cpp")
    command: list[str | Path] = ["aarch64-linux-gnu-g++", "-std=c++17", "-O1", "-I", headers]
    command += [
        source,
        "-o",
        out,
        "-L",
        RUNTIME,
        "-Wl,--no-as-needed",
        "-ltvm_runtime",
        "-ltvm_ffi",
    ]
    subprocess.run(command, check=True)
    return out


class FarMachine:
    """Values go there and come back as numpy arrays, tuples of sizes, numbers, text and lists;
    what only makes sense there is `Kept`."""

    def __init__(self, program: Path) -> None:
        command = ["qemu-aarch64", "-L", _SYSTEM, "-E", f"LD_LIBRARY_PATH={RUNTIME}", program]
        self._process = subprocess.Popen(
            [*map(str, command)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._to, self._from = self._process.stdin, self._process.stdout

    def load(self, library: Path) -> Kept:
        """A compiled library."""
        return self._asked(b"L" + _text(str(library)))[0]

    def function(self, name: str, module: Kept | None = None) -> Call:
        """A function of a module, or one that the runtime registers."""
        named = b"G" if module is None else b"F" + struct.pack("<I", module.number)
        return self._calling(self._asked(named + _text(name))[0])

    def executable(self, library: Path) -> Kept:
        """The virtual machine of a library, ready to run on the processor."""
        made: Kept = self.function("vm_load_executable", self.load(library))()
        self.function("vm_initialization", made)(1, 0, 2)
        return made

    def close(self) -> None:
        """End the process."""
        self._to.close()
        self._from.close()
        self._process.wait()

    def _calling(self, function: Kept) -> Call:
        def call(*values: Any) -> Any:
            head = struct.pack("<II", function.number, len(values))
            return self._asked(b"C" + head + b"".join(map(_packed, values)))[1]

        return call

    def _asked(self, request: bytes) -> tuple[Kept, Any]:
        """The number of the result, and its value where it has one on this side."""
        self._to.write(request)
        self._to.flush()
        if self._read("c") == b"-":
            raise RuntimeError(self._exactly(self._read("I")).decode())
        return self._value()

    def _value(self) -> tuple[Kept, Any]:
        number, kind = Kept(self._read("I")), self._read("c")
        if kind == b"t":
            return number, self._tensor()
        if kind == b"i":
            return number, self._read("q")
        if kind == b"s":
            return number, self._exactly(self._read("I")).decode()
        if kind == b"a":
            return number, [self._value()[1] for _ in range(self._read("I"))]
        return number, number

    def _tensor(self) -> Array:
        code, bits, rank = self._read("B"), self._read("B"), self._read("I")
        shape = struct.unpack(f"<{rank}q", self._exactly(8 * rank))
        kind = next(name for name, known in _KINDS.items() if known == code)
        dtype = np.dtype(f"{kind}{bits // 8}")
        data = self._exactly(int(np.prod(shape)) * dtype.itemsize)
        return np.frombuffer(data, dtype).reshape(shape)

    def _read(self, kind: str) -> Any:
        return struct.unpack(f"<{kind}", self._exactly(struct.calcsize(f"<{kind}")))[0]

    def _exactly(self, size: int) -> bytes:
        data = self._from.read(size)
        if len(data) < size:
            raise RuntimeError(f"the far process ended: {self._process.wait()}")
        return data


def _packed(value: Any) -> bytes:
    if isinstance(value, np.ndarray):
        code, bits = _KINDS[value.dtype.kind], value.dtype.itemsize * 8
        return b"t" + struct.pack("<BB", code, bits) + _sizes(value.shape) + value.tobytes()
    if isinstance(value, tuple):
        return b"S" + _sizes(value)
    if isinstance(value, Kept):
        return b"k" + struct.pack("<I", value.number)
    if isinstance(value, str):
        return b"s" + _text(value)
    if isinstance(value, list):
        return b"a" + struct.pack("<I", len(value)) + b"".join(map(_packed, value))
    return b"i" + struct.pack("<q", value)


def _sizes(sizes: tuple[int, ...]) -> bytes:
    return struct.pack(f"<I{len(sizes)}q", len(sizes), *sizes)


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<I", len(data)) + data
