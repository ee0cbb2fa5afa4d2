"""The statements that write rows, in the SQL that SQLite and PostgreSQL share."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flows.prefect.server.rows import CHANGING, COLUMNS, FINAL

Mark = Callable[[int], str]  # the n-th placeholder, from 1


def upsert(table: str, values: str) -> str:
    """The statement for a table, whose `values` say where the rows come from. A run that is there
    already is brought up to date unless what is there is newer; states and log lines never change.
    """
    insert = f"INSERT INTO {table} ({', '.join(COLUMNS[table])}) {values} ON CONFLICT"
    if table not in CHANGING:
        return f"{insert} DO NOTHING"
    changes = ", ".join(f"{name} = {_changed(table, name)}" for name in CHANGING[table])
    newer = (
        f"{table}.state_timestamp IS NULL OR {table}.state_timestamp <= excluded.state_timestamp"
    )
    return f"{insert} (id) DO UPDATE SET {changes} WHERE {newer}"


def _changed(table: str, name: str) -> str:
    """The parent may be known to what is there alone."""
    known = name == "parent_task_run_id"
    return f"coalesce(excluded.{name}, {table}.{name})" if known else f"excluded.{name}"


def add_flow(mark: Mark) -> str:
    """Make a flow of this id and name, unless there is one of this name."""
    values = f"VALUES ({mark(1)}, {mark(2)}, '{{}}') ON CONFLICT (name) DO NOTHING"
    return f"INSERT INTO flow (id, name, labels) {values}"


def find_flow(mark: Mark) -> str:
    """The id of the flow of this name."""
    return f"SELECT id FROM flow WHERE name = {mark(1)}"


def link(mark: Mark) -> str:
    """Tie a run to the task run that started it, when both are there."""
    task = f"SELECT id FROM task_run WHERE id = {mark(2)}"
    where = f"WHERE id = {mark(1)} AND EXISTS ({task})"
    return f"UPDATE flow_run SET parent_task_run_id = ({task}) {where}"


def give_way(mark: Mark) -> str:
    """Let a run that is not over take the end that comes, however new its state is."""
    ends = ", ".join(f"'{kind}'" for kind in sorted(FINAL))
    where = f"WHERE id = {mark(1)} AND state_type NOT IN ({ends})"
    return f"UPDATE flow_run SET state_timestamp = NULL {where}"


def shortcomings(found: Mapping[str, Mapping[str, bool]]) -> list[str]:
    """Why these tables are not those we write: columns by table, True for those that need a value
    from us. Empty when they are."""
    wrong = []
    for table, columns in COLUMNS.items():
        there = found.get(table, {})
        wrong += [f"{table}.{name} is missing" for name in columns if name not in there]
        needed = [name for name, needs in there.items() if needs and name not in columns]
        wrong += [f"{table}.{name} is unknown" for name in needed]
    return wrong
