"""How the Prefect server is set so that a small machine carries it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

# Whoever starts it may be killed; what it leaves half done, Prefect's migrations finish.
_MAKE_TABLES = """
import asyncio, ctypes, os, signal, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    if os.getppid() != int(sys.argv[1]):
        sys.exit(1)
from prefect.server.database import provide_database_interface
asyncio.run(provide_database_interface().create_db())
"""


def environment(data: Path, *, database: str, keep: float) -> Mapping[str, str]:
    """Prefect's settings as environment variables; runs are kept for `keep` seconds.

    Events streaming and reactive triggers stay on, so that automations and the live pages work.
    """
    services = "PREFECT_SERVER_SERVICES_"
    return {
        "DO_NOT_TRACK": "1",
        "PREFECT_HOME": str(data),
        "PREFECT_API_DATABASE_CONNECTION_URL": database,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_API_URL": "/api",
        "PREFECT_SERVER_EVENTS_STREAM_OUT_ENABLED": "true",
        "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": "P7D",
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        "PREFECT_LOGGING_TO_API_ENABLED": "false",
        "PREFECT_SERVER_MEMO_STORE_PATH": str(data / "memo_store.toml"),
        f"{services}DB_VACUUM_ENABLED": "events,flow_runs",
        f"{services}DB_VACUUM_RETENTION_PERIOD": f"{max(keep, 3601):.0f}",
        f"{services}CLEANUP_RECONCILER_LOOP_SECONDS": "60",
        f"{services}LATE_RUNS_LOOP_SECONDS": "30",
        f"{services}PAUSE_EXPIRATIONS_LOOP_SECONDS": "60",
        f"{services}TASK_RUN_RECORDER_BATCH_SIZE": "200",
        f"{services}TASK_RUN_RECORDER_READ_BATCH_SIZE": "50",
        f"{services}TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    }


def sqlite_url(data: Path) -> str:
    """The database that lies beside the server's other files."""
    return f"sqlite+aiosqlite:///{data / 'prefect.db'}"


def make_tables(settings: Mapping[str, str]) -> None:
    """Make the tables of a new database, in a process of its own: that takes 40 MB which a
    process does not give back. It ends with us, and quietly: Ctrl-C is for us alone."""
    command = [sys.executable, "-c", _MAKE_TABLES, str(os.getpid())]
    subprocess.run(command, stdin=subprocess.DEVNULL, env=settings, check=True, process_group=0)
