"""Append-only records on disk: segment files, each record with its length and CRC."""

import os
import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

SEGMENT_SIZE = 4 * 2**20
_HEAD = 8


class Journal:
    """Records that survive a kill; a torn last record is cut off when the journal is opened.

    A place is a segment's number (upper bits) and an offset in it (lower 32 bits). What is
    written outlives the process at once; it outlives a power cut after the next `unsynced`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._live: dict[int, int] = {}
        self._file: int | None = None
        self._segment = 0
        self._size = 0
        self._dirty = False
        self._reading: tuple[int, int] = (0, -1)

    def records(self) -> Iterator[tuple[int, bytes]]:
        """Every record with its place, oldest first; call once, before all else."""
        for path in sorted(self._folder.glob("*.seg")):
            self._segment, data, at = int(path.stem), path.read_bytes(), 0
            self._live[self._segment] = 0
            while body := _record(data, at):
                self._live[self._segment] += 1
                yield self._segment << 32 | at, body
                at += _HEAD + len(body)

    def append(self, bodies: Sequence[bytes]) -> list[int]:
        """Write records at the end and count them as live; all or, with an error, none.

        Raises:
            OSError: the disk is full or the folder cannot be written.
        """
        file = self._open()
        places, at = [], self._size
        for body in bodies:
            places.append(self._segment << 32 | at)
            at += _HEAD + len(body)
        data = b"".join([_head(body) + body for body in bodies])
        try:
            written = os.pwrite(file, data, self._size)
            if written < len(data):
                raise OSError(28, "no space left on device")
        except OSError:
            os.ftruncate(file, self._size)
            raise
        self._size = at
        self._dirty = True
        self._live[self._segment] = self._live.get(self._segment, 0) + len(bodies)
        return places

    def read(self, place: int) -> bytes:
        """The record at a place.

        Raises:
            OSError: it cannot be read, or is not what was written.
        """
        segment, at = place >> 32, place & 0xFFFFFFFF
        file = self._reader(segment)
        head = os.pread(file, _HEAD, at)
        body = os.pread(file, int.from_bytes(head[4:]), at + _HEAD)
        if _head(body) != head:
            raise OSError(f"{self._path(segment)} is damaged at byte {at}")
        return body

    def release(self, places: Sequence[int]) -> None:
        """These records are not needed any more; segments without live ones go, oldest first,
        at a later release when the disk refuses it now."""
        for place in places:
            self._live[place >> 32] -= 1
        for segment in sorted(self._live):
            if self._live[segment] or not self._is_gone(segment):
                return
            del self._live[segment]

    def _is_gone(self, segment: int) -> bool:
        try:
            if segment != self._segment or self._file is None:
                self._path(segment).unlink(missing_ok=True)
            else:
                os.ftruncate(self._file, 0)
                self._size = 0
        except OSError:
            return False
        return True

    def unsynced(self) -> Callable[[], None] | None:
        """What makes the records outlive a power cut, for another thread; None: nothing to do."""
        if self._file is None or not self._dirty:
            return None
        self._dirty = False
        return partial(_sync, os.dup(self._file))

    def close(self) -> None:
        """Close the files."""
        if self._file is not None:
            os.close(self._file)
        if self._reading[1] >= 0:
            os.close(self._reading[1])
        self._file, self._reading = None, (0, -1)

    def _open(self) -> int:
        if self._file is not None and self._size < SEGMENT_SIZE:
            return self._file
        self._folder.mkdir(parents=True, exist_ok=True)
        file = os.open(self._path(self._segment + 1), os.O_RDWR | os.O_CREAT, 0o600)
        if self._file is not None:
            os.close(self._file)
        self._segment += 1
        self._file, self._size = file, 0
        return file

    def _reader(self, segment: int) -> int:
        if segment == self._segment and self._file is not None:
            return self._file
        if self._reading[0] != segment or self._reading[1] < 0:
            file = os.open(self._path(segment), os.O_RDONLY)
            if self._reading[1] >= 0:
                os.close(self._reading[1])
            self._reading = segment, file
        return self._reading[1]

    def _path(self, segment: int) -> Path:
        return self._folder / f"{segment:08d}.seg"


def _head(body: bytes) -> bytes:
    return zlib.crc32(body).to_bytes(4) + len(body).to_bytes(4)


def _record(data: bytes, at: int) -> bytes:
    """The record at `at`; empty when there is none, or it was not written whole."""
    length = int.from_bytes(data[at + 4 : at + _HEAD])
    body = data[at + _HEAD : at + _HEAD + length]
    return body if zlib.crc32(body) == int.from_bytes(data[at : at + 4]) else b""


def _sync(file: int) -> None:
    try:
        os.fdatasync(file)
    finally:
        os.close(file)
