"""Indices of Prefect's that say what another one says: left out where we own the file.

They are a twentieth of a run's bytes and of the time it takes to write. Each begins as another
index of the same table does, or is the same, so no question is answered more slowly. Migrations
of another version of Prefect find them all in place.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

PREFECT = "3.8.8"
# What each is on, in its words; beside it the index that serves instead.
DOUBLED: Mapping[str, str] = {
    "ix_flow_run_name_case_insensitive": "flow_run (name)",  # ix_flow_run__name
    "ix_flow_run__flow_id": "flow_run (flow_id)",  # uq_flow_run__flow_id_idempotency_key
    "ix_flow_run__state_type": "flow_run (state_type)",  # …__state_type_coalesce_start_time
    "ix_task_run_name_case_insensitive": "task_run (name)",  # ix_task_run__name
    "ix_task_run__flow_run_id": "task_run (flow_run_id)",  # uq_task_run__flow_run_id_task_key_…
    "ix_task_run__state_type": "task_run (state_type)",  # ix_task_run__state_type_start_time
    "ix_log__flow_run_id": "log (flow_run_id)",  # ix_log__flow_run_id_timestamp
}


def leave_out(database: Path, installed: str) -> None:
    """Drop them from a database whose tables this version of Prefect has made."""
    if installed == PREFECT:
        _each(database, "DROP INDEX IF EXISTS {name}")


def put_back(database: Path, installed: str) -> None:
    """Make them again before another version of Prefect migrates the tables."""
    if installed != PREFECT and database.exists():
        _each(database, "CREATE INDEX IF NOT EXISTS {name} ON {on}")


def _each(database: Path, statement: str) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        for name, on in DOUBLED.items():
            connection.execute(statement.format(name=name, on=on))
