"""Real Prefect servers for tests, ours and a stock one, on free loopback ports."""

import fcntl
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from edge_agent.prefect.server import ONE_HEAP
from flows.prefect.server import small
from flows.prefect.server.process import Launch
from tests.servers import free_port

QUIET = {"PREFECT_LOGGING_LEVEL": "ERROR", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}


class PrefectServer:
    """A server as the agent starts it, that can be killed and started again on its port."""

    def __init__(self, folder: Path, *, database: str = "", tables: Path | None = None) -> None:
        """`tables` is an empty SQLite database to begin with."""
        data = folder / "prefect"
        if tables is not None:
            data.mkdir(parents=True)
            shutil.copy(tables, data / "prefect.db")
        self.launch = Launch(
            data=str(data), port=free_port(), database=database, keep=1e6, watched=True
        )
        self.api = f"http://127.0.0.1:{self.launch.port}/api"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> "PrefectServer":
        """Start it and wait until it answers."""
        self.launch_only()
        assert self._process is not None and self._process.stdout is not None
        if not self._process.stdout.readline():
            raise RuntimeError("the Prefect server does not start")
        return self

    def launch_only(self) -> None:
        """Start it; returns at once."""
        command = [sys.executable, "-m", "flows.prefect.server.process"]
        self._process = subprocess.Popen(
            [*command, msgspec.json.encode(self.launch).decode()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | QUIET | ONE_HEAP,
        )

    def kill(self) -> None:
        """End it at once, as kill -9 does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process is not None
        return self._process.pid

    @property
    def resident_bytes(self) -> int:
        """What it has in memory."""
        pages = Path(f"/proc/{self.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def prefect_server(folder: Path, **options: Any) -> Iterator[PrefectServer]:
    """A running server; the options are those of `PrefectServer`."""
    server = PrefectServer(folder, **options)
    try:
        yield server.start()
    finally:
        server.kill()


@contextmanager
def stock_server(folder: Path, tables: Path) -> Iterator[str]:
    """Prefect's own server without anything of ours; its API's URL."""
    database, port = folder / "stock.db", free_port()
    shutil.copy(tables, database)
    environment = os.environ | QUIET
    environment["PREFECT_API_DATABASE_CONNECTION_URL"] = f"sqlite+aiosqlite:///{database}"
    environment["PREFECT_HOME"] = str(folder)
    app = "prefect.server.api.server:create_app"
    options = ["--factory", "--port", str(port), "--log-level", "warning"]
    process = subprocess.Popen([sys.executable, "-m", "uvicorn", app, *options], env=environment)
    try:
        _answers(port, process)
        yield f"http://127.0.0.1:{port}/api"
    finally:
        process.kill()
        process.wait()


def _answers(port: int, process: "subprocess.Popen[bytes]") -> None:
    """Wait until somebody listens there."""
    while process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        threading.Event().wait(0.1)
    raise RuntimeError("the stock server does not start")


def empty_tables(shared: Path) -> Path:
    """An empty SQLite database of Prefect, made once for all workers: that takes ten seconds."""
    made = shared / "prefect-tables" / "prefect.db"
    made.parent.mkdir(exist_ok=True)
    with (made.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            database = small.sqlite_url(made.parent)
            own = small.environment(made.parent, database=database, keep=1e6)
            small.make_tables({**os.environ, **QUIET, **own})
    return made
