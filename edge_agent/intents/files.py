"""The YAML files that come with this package, as structs."""

from pathlib import Path
from typing import TypeVar

from msgspec import Struct

from pipelines.decode import decode
from pipelines.source import Reader
from schemas.problem import Position

T = TypeVar("T", bound=Struct)


def read_file(path: Path, shape: type[T]) -> T:
    """A file as a struct.

    Raises:
        ValueError: it is wrong; the text says where.
    """
    reader = Reader(path.parent)
    found, problems = decode(reader.load(path), shape, Position(path.name, 1, 1), path.stem)
    if found is None or reader.problems or problems:
        wrong = (f"{each.at}: {each.text}" for each in [*reader.problems, *problems])
        raise ValueError("; ".join(wrong))
    return found
