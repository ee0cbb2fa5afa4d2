"""A model's folder copied, as far as it is the model's."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path


def copy_folder(source: Path, out: Path, *, without: tuple[str, ...] = ()) -> None:
    """Copy the files of a folder; hidden ones (git's, a download's) and those of the patterns stay.

    Raises:
        OSError: the first file that cannot be copied, with its name at both ends.
    """
    for path in _files(source):
        if not any(path.match(pattern) for pattern in without):
            to = out / path.relative_to(source)
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, to)


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.is_file() and not hidden:
            yield path
