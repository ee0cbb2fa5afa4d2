"""A PostgreSQL server on a free loopback port, its files in a folder of the test's."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.servers import free_port


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """A fresh server; its URL. It trusts everybody on this machine and is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    port = free_port()
    as_user = _as_user(folder)
    try:
        _run(
            [_program("initdb"), "-D", folder / "data", "-U", "prefect", "-A", "trust", "-N"],
            as_user,
        )
        options = f"-h 127.0.0.1 -p {port} -k {folder} -c fsync=off -c shared_buffers=64MB"
        server: list[Any] = [_program("pg_ctl"), "-D", folder / "data", "-w", "-l", folder / "log"]
        _run([*server, "-o", options, "start"], as_user)
        try:
            yield f"postgresql://prefect@127.0.0.1:{port}/postgres"
        finally:
            _run([*server, "-m", "immediate", "stop"], as_user)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _as_user(folder: Path) -> list[str]:
    """PostgreSQL refuses to run as root: then the package's own user runs it."""
    if os.geteuid() != 0:
        return []
    shutil.chown(folder, "postgres")
    return ["runuser", "-u", "postgres", "--"]


def _run(command: list[Any], as_user: list[str]) -> None:
    done = subprocess.run(
        [*as_user, *command], capture_output=True, text=True, cwd="/", check=False
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stdout}{done.stderr}")


def _program(name: str) -> str:
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which(name, path=":".join(map(str, places))) or shutil.which(name)
    if found is None:
        raise RuntimeError("the tests need the package `postgresql`")
    return found
