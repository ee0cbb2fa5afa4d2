"""The DuckDB file: opened in one place, written by one thread, read through cursors."""

from __future__ import annotations

import contextlib
import errno
import os
import re
from collections.abc import Sequence
from pathlib import Path

import duckdb
from msgspec import Struct

from edge_agent.ledger import sql
from edge_agent.ledger.problems import LedgerBusy, LedgerProblem, LedgerUnwritable

# Measured with the rig's event in commits of 500 (bytes an event after a checkpoint; longest
# commit): blocks of 256 KiB and row groups of 122,880 rows (the defaults) 110 B, 200 ms; 64 KiB
# and 20,480 rows 89 B, 43 ms. Smaller blocks than 64 KiB waste space (144 B with 16 KiB).
_LAYOUT = "BLOCK_SIZE 65536, ROW_GROUP_SIZE 20480, STORAGE_VERSION 'latest'"

StoreError = duckdb.Error
Appender = duckdb.Appender
Cursor = duckdb.DuckDBPyConnection


class StoreOptions(Struct, frozen=True):
    """How a file is opened: DuckDB's memory limit (`96MB`), the home's time zone, a key."""

    memory: str = "96MB"
    time_zone: str = "UTC"
    key: str | None = None


class Store:
    """An open ledger file. `connection` belongs to the ledger thread, each cursor to one reader."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, readers: int) -> None:
        self.connection = connection
        self.cursors: Sequence[duckdb.DuckDBPyConnection] = ()
        self._readers = readers

    @classmethod
    def open(cls, path: Path | None, options: StoreOptions, *, readers: int = 2) -> Store:
        """Open or make the file, bring its format up to date, and lock it down.

        None opens an empty ledger in memory. Raises LedgerBusy, LedgerUnwritable, LedgerProblem.
        """
        made = path is not None and not _try_write(path)
        connection = duckdb.connect(
            ":memory:",
            config={"threads": 1, "memory_limit": options.memory, "temp_directory": ""},
        )
        try:
            connection.execute(_attach(path, options.key))
            connection.execute("USE ledger")
            store = cls(connection, readers)
            store._migrate()
            store._lock_down(options)
        except duckdb.Error as error:
            connection.close()
            if made and path is not None:
                _remove(path)  # a new file that could not be filled holds nothing
            raise problem(error, path) from error
        except LedgerProblem:
            connection.close()
            raise
        return store

    def _migrate(self) -> None:
        execute = self.connection.execute
        scripts = sql.migrations()
        execute("CREATE TABLE IF NOT EXISTS format (version INTEGER)")
        row = execute("SELECT max(version) FROM format").fetchone()
        version = row[0] if row and row[0] is not None else 0
        if version > len(scripts):
            raise LedgerProblem(
                f"the ledger has format {version}, this hearthflow knows {len(scripts)}: "
                "it was written by a newer version; update hearthflow or restore a backup"
            )
        for number in range(version, len(scripts)):
            execute("BEGIN")
            execute(scripts[number])
            execute("INSERT INTO format VALUES (?)", [number + 1])
            execute("COMMIT")
        execute("BEGIN")
        execute(sql.views())
        execute("COMMIT")

    def _lock_down(self, options: StoreOptions) -> None:
        # Zones are per connection and cannot be set once the configuration is locked.
        execute = self.connection.execute
        execute("SET TimeZone = 'UTC'")
        self.cursors = [self.connection.cursor() for _ in range(self._readers)]
        zone = options.time_zone.replace("'", "''")
        for cursor in self.cursors:
            cursor.execute("USE ledger")
            cursor.execute(f"SET TimeZone = '{zone}'")
        # Not giving memory back and taking it again saves 0.9 µs an event; the limit holds anyway.
        execute("SET allocator_flush_threshold = '1GB'")
        execute("SET allocator_bulk_deallocation_flush_threshold = '1GB'")
        execute("SET enable_external_access = false")
        execute("SET lock_configuration = true")

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
    if isinstance(error, duckdb.IOException) and any(
        os.strerror(number) in text
        for number in (errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO, errno.EDQUOT)
    ):
        return LedgerUnwritable(f"the ledger {path} cannot be written: {_first_line(text)}")
    return LedgerProblem(
        f"the ledger {path} is damaged or no ledger: {_first_line(text)}; "
        "move it away to begin a new one, or restore a backup"
    )


def _first_line(text: str) -> str:
    return text.split("\n", 1)[0]


def _attach(path: Path | None, key: str | None) -> str:
    target = ":memory:" if path is None else str(path).replace("'", "''")
    options = _LAYOUT if path is not None else ""
    if key is not None:
        escaped = key.replace("'", "''")
        options = f"{options}, ENCRYPTION_KEY '{escaped}'"
    return f"ATTACH '{target}' AS ledger" + (f" ({options})" if options else "")


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
