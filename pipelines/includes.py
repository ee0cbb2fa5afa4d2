"""The files behind one tree: sizes, includes and their limits."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pipelines.scalars import plain
from pipelines.tree import Asked
from schemas.problem import Position

if TYPE_CHECKING:
    from pipelines.source import Reader

SECRETS = "secrets.yaml"
MAX_BYTES = 4_000_000
MAX_NODES = 200_000
MAX_DEPTH = 64


class Size(NamedTuple):
    """How many values a value holds, aliases unfolded, and how many of them inside one another."""

    nodes: int
    height: int


ONE = Size(1, 0)


class Stop(Exception):
    """The file cannot be read further; its problem is noted."""


class Load:
    """One loading of a root file with all it includes; limits hold for the whole.

    `scalar` reads unquoted scalars; with `asks` there may be inputs to be filled in.
    """

    def __init__(
        self,
        reader: Reader,
        stack: list[Path],
        *,
        scalar: Callable[[str], Any] = plain,
        asks: bool = False,
    ) -> None:
        self.reader = reader
        self.stack = stack
        self.scalar = scalar
        self.asks = asks
        self.nodes = 0
        self.depth = 0
        self.deepest = 0

    def file(self, path: Path) -> Any:
        """The tree of a file, None when it has problems."""
        name = self.reader.name(path)
        try:
            status = path.stat()
            if not stat.S_ISREG(status.st_mode):
                self.reader.problem(Position(name), "is not a file")
                return None
            if status.st_size > MAX_BYTES:
                self.reader.problem(Position(name), f"larger than {MAX_BYTES // 1_000_000} MB")
                return None
            text = path.read_bytes().decode("utf-8-sig")
        except OSError as error:
            self.reader.problem(Position(name), f"cannot be read: {error.strerror}")
            return None
        except UnicodeDecodeError as error:
            self.reader.problem(Position(name), f"not UTF-8 text (byte {error.start})")
            return None
        return self.reader.tree(text, name, self)

    def enter(self, at: Position) -> Size:
        """Begin a value; gives the size of what was read before it, for `leave`."""
        before = Size(self.nodes, self.deepest)
        self.deepest = self.depth
        self.spend(ONE, at)
        self.depth += 1
        return before

    def leave(self, before: Size) -> Size:
        """End a value; gives its own size."""
        self.depth -= 1
        size = Size(self.nodes - before.nodes, self.deepest - self.depth)
        self.deepest = max(self.deepest, before.height)
        return size

    def spend(self, size: Size, at: Position) -> None:
        """Count a value at the present depth, one that an alias repeats too."""
        self.nodes += size.nodes
        self.deepest = max(self.deepest, self.depth + size.height)
        if self.deepest > MAX_DEPTH:
            self.reader.problem(at, f"nested more than {MAX_DEPTH} deep")
            raise Stop
        if self.nodes > MAX_NODES:
            self.reader.problem(
                at, f"more than {MAX_NODES:,} values", "are there aliases of aliases?"
            )
            raise Stop

    def asked(self, name: str, at: Position) -> Asked | None:
        """What `!input NAME` stands for until its value is given."""
        if self.asks:
            return Asked(name)
        hint = f"write `{{{{ inputs.{name} }}}}`"
        self.reader.problem(at, "`!input` stands only in blueprints", hint)
        return None

    def include(self, target: str, at: Position) -> Any:
        """What `!include FILE` stands for."""
        path = self._inside(target, at)
        if path is None:
            return None
        if path.name == SECRETS:
            self.reader.problem(at, "secrets are not included", "write `!secret NAME`")
            return None
        if not path.is_file():
            self.reader.problem(at, f"there is no file `{target}`")
            return None
        return self._enter(path, at)

    def folder(self, target: str, at: Position) -> Iterator[tuple[Path, Any]]:
        """The files of a folder and those below it with their trees, in order of their paths.

        What has problems, hidden files and secrets are left out.
        """
        folder = self._inside(target, at)
        if folder is None:
            return
        if not folder.is_dir():
            self.reader.problem(at, f"there is no folder `{target}`")
            return
        self.reader.folders.add(folder)
        for path in sorted(folder.rglob("*.y*ml")):
            hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
            if hidden or path.name == SECRETS or (child := self._inside(str(path), at)) is None:
                continue
            before = len(self.reader.problems)
            tree = self._enter(child, at)
            if len(self.reader.problems) == before:
                yield child, tree

    def _enter(self, path: Path, at: Position) -> Any:
        if path in self.stack:
            chain = " → ".join(self.reader.name(each) for each in [*self.stack, path])
            self.reader.problem(at, f"a file includes itself: {chain}")
            return None
        if len(self.stack) > 16:
            self.reader.problem(at, "more than 16 includes inside one another")
            return None
        self.stack.append(path)
        try:
            return self.file(path)
        finally:
            self.stack.pop()

    def _inside(self, target: str, at: Position) -> Path | None:
        try:
            path = (self.stack[-1].parent / target).resolve()
        except (OSError, ValueError, RuntimeError):
            self.reader.problem(at, f"`{target}` is no path")
            return None
        if self.reader.home is None or not path.is_relative_to(self.reader.home):
            self.reader.problem(at, f"`{target}` lies outside the home")
            return None
        return path
