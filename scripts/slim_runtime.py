"""Takes from a site-packages folder what running models does not need: `slim_runtime.py FOLDER`.

Of apache-tvm (300 MB) `libtvm_runtime.so` stays, of tvm_ffi what Python loads, of xgrammar its
native library.
"""

import shutil
import sys
from pathlib import Path

# What stays of a package, and what goes of one that stays.
KEPT = {"tvm": ["lib/libtvm_runtime.so"], "xgrammar": ["libxgrammar_bindings.so"]}
GONE = [f"tvm_ffi/{name}" for name in ("include", "src", "3rdparty", "cython", "share")]


def slim(site: Path) -> None:
    """Remove it."""
    for package, kept in KEPT.items():
        folder = site / package
        stays = {folder / name for name in kept}
        for path in sorted(folder.rglob("*"), reverse=True):
            if path.is_dir() and not path.is_symlink():
                if not any(path.iterdir()):
                    path.rmdir()
            elif path not in stays:
                path.unlink()
    for name in GONE:
        shutil.rmtree(site / name, ignore_errors=True)


if __name__ == "__main__":
    slim(Path(sys.argv[1]))
