"""The DuckDB file: opened in one place, written by one thread, read through cursors."""

from __future__ import annotations

import contextlib
import errno
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
from msgspec import Struct

from edge_agent.ledger import sql
from edge_agent.ledger.problems import LedgerBusy, LedgerProblem, LedgerUnwritable

# Measured with the rig's event in commits of 500 (bytes an event after a checkpoint; longest
# commit): blocks of 256 KiB and row groups of 122,880 rows (the defaults) 110 B, 200 ms; 64 KiB
# and 20,480 rows 89 B, 43 ms. Smaller blocks than 64 KiB waste space (144 B with 16 KiB).
_LAYOUT = "BLOCK_SIZE 65536, ROW_GROUP_SIZE 20480, STORAGE_VERSION 'latest'"

# The cursors: one for our own queries, one for users', one for followers.
OURS, USERS, FOLLOWERS = range(3)
READERS = 3

_PASSING = (errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO, errno.EDQUOT, errno.EFBIG)

StoreError = duckdb.Error
ROW_ERRORS = (duckdb.DataError, duckdb.ProgrammingError, ValueError, OverflowError)
Appender = duckdb.Appender
Cursor = duckdb.DuckDBPyConnection


class BadRow(Exception):
    """A row cannot be stored as it is; the disk and the file are well."""


class StoreOptions(Struct, frozen=True):
    """How a file is opened: DuckDB's memory limit (`40MB`), the home's time zone, a key."""

    memory: str = "40MB"
    time_zone: str = "UTC"
    key: str | None = None


class Store:
    """An open ledger file. `connection` belongs to the ledger thread, each cursor to one reader.

    `mode` is `file`, `kept` (a file that can only be read now) or `memory` (an empty stand-in).
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, mode: str) -> None:
        self.connection = connection
        self.mode = mode
        self._queries = sql.queries()
        self.cursors: Sequence[duckdb.DuckDBPyConnection] = ()

    @classmethod
    def open(cls, path: Path, options: StoreOptions) -> Store:
        """Open or make the file, bring its format up to date, and lock it down.

        Raises LedgerBusy, LedgerUnwritable or LedgerProblem.
        """
        there = _try_write(path)
        try:
            return cls._open(path, options, "file")
        except LedgerProblem as problem:
            if not there and not isinstance(problem, LedgerBusy):
                _remove(path)  # a new file that could not be filled holds nothing
            raise

    @classmethod
    def stand_in(cls, path: Path, options: StoreOptions, *, empty: bool = False) -> Store:
        """What can be read while the file cannot be written: the file as it is, else nothing."""
        if path.exists() and not empty:
            with contextlib.suppress(LedgerProblem):
                return cls._open(path, options, "kept")
        return cls._open(path, options, "memory")

    @classmethod
    def _open(cls, path: Path, options: StoreOptions, mode: str) -> Store:
        connection = duckdb.connect(
            ":memory:",
            config={
                "threads": 1,
                "async_threads": 1,  # eight by default; they read what is not here
                "memory_limit": options.memory,
                "temp_directory": str(path.with_name("spill")),  # for users' large queries
                "max_temp_directory_size": "1GB",
            },
        )
        store = cls(connection, mode)
        try:
            connection.execute(_attach(path, options.key, mode))
            connection.execute("USE ledger")
            if mode != "kept":
                store._migrate()
            store._lock_down(options)
        except duckdb.Error as error:
            connection.close()
            raise problem(error, path) from error
        except LedgerProblem:
            connection.close()
            raise
        return store

    def number(self, name: str, params: Mapping[str, Any] | None = None) -> int:
        """The one number a query of `queries.sql` gives, 0 for none; on the ledger thread."""
        found = self.rows(name, params)
        return int(found[0][0] or 0) if found else 0

    def rows(self, name: str, params: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """The rows a query of `queries.sql` gives; takes those parameters that are in it."""
        text = self._queries[name]
        known = {key: value for key, value in (params or {}).items() if f"${key}" in text}
        return self.connection.execute(text, known or None).fetchall()

    def _migrate(self) -> None:
        execute = self.connection.execute
        scripts = sql.migrations()
        execute("CREATE TABLE IF NOT EXISTS format (version INTEGER)")
        version = self.number("format")
        if version > len(scripts):
            raise LedgerProblem(
                f"the ledger has format {version}, this hearthflow knows {len(scripts)}: "
                "it was written by a newer version; update hearthflow or restore a backup"
            )
        for number in range(version, len(scripts)):
            with self.transaction():
                execute(scripts[number])
                execute("INSERT INTO format VALUES (?)", [number + 1])
        with self.transaction():
            execute(sql.views())

    def _lock_down(self, options: StoreOptions) -> None:
        # Zones are per connection and cannot be set once the configuration is locked.
        execute = self.connection.execute
        execute("SET TimeZone = 'UTC'")
        self.cursors = [self.connection.cursor() for _ in range(READERS)]
        for cursor in self.cursors:
            cursor.execute("USE ledger")
            cursor.execute(f"SET TimeZone = {_quoted(options.time_zone)}")
        # Rows wait in memory, uncompressed, for the checkpoint: 17 MB of them by default. After
        # 8 MB they just fill a row group; sooner, each checkpoint packs groups of earlier ones
        # anew and takes 20 MB for that.
        execute("SET checkpoint_threshold = '8MB'")
        # Memory is given back after checkpoints; after every commit it costs 0.9 µs an event.
        execute("SET allocator_flush_threshold = '1GB'")
        execute("SET allocator_bulk_deallocation_flush_threshold = '256KB'")
        execute("SET enable_external_access = false")
        execute("SET lock_configuration = true")

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, on the ledger thread."""
        self.connection.execute("BEGIN")
        try:
            yield
            self.connection.execute("COMMIT")
        except duckdb.Error:
            self.rollback()
            raise

    def checkpoint(self) -> None:
        """Write everything into the file and free what was removed; skipped while others read."""
        with contextlib.suppress(duckdb.TransactionException):
            self.connection.execute("CHECKPOINT")

    def rollback(self) -> None:
        """End a transaction that failed, if it still is one."""
        with contextlib.suppress(duckdb.Error):
            self.connection.execute("ROLLBACK")

    def close(self) -> None:
        """Close the file; what is committed is checkpointed into it."""
        for cursor in self.cursors:
            cursor.close()
        self.connection.close()


def problem(error: duckdb.Error, path: Path | None) -> LedgerProblem:
    """What DuckDB's error on opening means to a person."""
    text = str(error)
    if "Conflicting lock" in text or "Could not set lock" in text:
        pid = re.search(r"\(PID (\d+)\)", text)
        return LedgerBusy(str(path), int(pid[1]) if pid else 0)
    if "already attached" in text:
        return LedgerBusy(str(path), os.getpid())
    if any(os.strerror(number) in text for number in _PASSING):
        return LedgerUnwritable(f"the ledger {path} cannot be written: {_first_line(text)}")
    if "crypto" in text:
        return LedgerProblem(f"the ledger {path} cannot be encrypted here: {_first_line(text)}")
    return LedgerProblem(
        f"the ledger {path} is damaged or no ledger: {_first_line(text)}; "
        "move it away to begin a new one, or restore a backup"
    )


def _first_line(text: str) -> str:
    return text.strip().split("\n", 1)[0]


def _attach(path: Path, key: str | None, mode: str) -> str:
    if mode == "memory":
        return "ATTACH ':memory:' AS ledger"
    options = ["READ_ONLY"] if mode == "kept" else [_LAYOUT]
    if key is not None:
        options.append(f"ENCRYPTION_KEY {_quoted(key)}")
    return f"ATTACH {_quoted(str(path))} AS ledger ({', '.join(options)})"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _try_write(path: Path) -> bool:
    """True when the file was there; asks the system itself, whose errors are plain."""
    there = path.exists() and path.stat().st_size > 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab"):
            pass
    except OSError as error:
        raise LedgerUnwritable(f"the ledger {path} cannot be written: {error.strerror}") from error
    if not there:
        _remove(path)
    return there


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.with_name(path.name + ".wal").unlink(missing_ok=True)
