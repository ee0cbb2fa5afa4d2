"""The machines libraries are compiled for."""

from __future__ import annotations

import shutil
from typing import Any

from msgspec import Struct


class Target(Struct, frozen=True):
    """A processor as LLVM names it; `name` is how users and file names do.

    `rows` by `wide` is how many sixteens of sums fit its vector registers beside their factors.
    """

    name: str
    triple: str
    cpu: str
    rows: int
    wide: int = 1
    attributes: tuple[str, ...] = ()

    def llvm(self) -> dict[str, Any]:
        """The target for tvm."""
        said: dict[str, Any] = {"kind": "llvm", "mtriple": self.triple, "mcpu": self.cpu}
        return {**said, "mattr": list(self.attributes)} if self.attributes else said

    def linker(self) -> str:
        """The C++ compiler that links for this target.

        Raises:
            OSError: it is not installed; the text names the Debian package.
        """
        arch = self.triple.split("-")[0]
        names = [f"{self.triple}-g++", *(["g++"] if arch == _this_machine() else [])]
        found = next((path for name in names if (path := shutil.which(name))), None)
        if found is None:
            package = "g++" if arch == _this_machine() else f"g++-{self.triple.replace('_', '-')}"
            raise OSError(f"linking for {self.name} needs {names[0]}: apt-get install {package}")
        return found


def _this_machine() -> str:
    import platform

    return platform.machine()


_X86, _ARM = "x86_64-linux-gnu", "aarch64-linux-gnu"
TARGETS = {
    target.name: target
    for target in (
        Target("x86-64-v2", _X86, "x86-64-v2", rows=2),
        Target("x86-64-v3", _X86, "x86-64-v3", rows=6),
        # LLVM halves its vectors unless it is told that the processor does not mind them whole.
        Target("x86-64-v4", _X86, "x86-64-v4", rows=6, wide=4, attributes=("-prefer-256-bit",)),
        Target("cortex-a53", _ARM, "cortex-a53", rows=6),
        Target("cortex-a72", _ARM, "cortex-a72", rows=6),
        Target("cortex-a76", _ARM, "cortex-a76", rows=6),
    )
}
