"""The process of the Prefect server: the genuine application with our route, until it is ended."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import subprocess
import sys
import threading
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from flows.prefect.server.route import History, Writer, mount
from flows.prefect.server.small import environment, make_tables, sqlite_url
from flows.prefect.server.tame import tame_sqlite

_KINDNESS = 5  # beside an agent, which comes first


class Launch(Struct, frozen=True, kw_only=True):
    """How to start: `data` holds its files, `database` is a PostgreSQL URL or empty (SQLite),
    `keep` seconds runs stay; `watched`: it ends when standard input does."""

    data: str
    host: str = "127.0.0.1"
    port: int = 4200
    database: str = ""
    keep: float = 30 * 86_400.0
    watched: bool = False


def serve(launch: Launch) -> None:
    """Serve until a signal comes, which ends the process: with 130 on SIGINT, with 0 on SIGTERM.

    Writes to standard output once it listens, and where.

    Raises:
        OSError: the database cannot be had, or the address not be listened on.
    """
    from flows.prefect.server.ending import end_at_once_on_signals

    end_at_once_on_signals()
    if launch.watched:
        os.setpgrp()  # Ctrl-C is for the agent alone, which ends this process
        os.nice(_KINDNESS)
        threading.Thread(target=_end_with_input, daemon=True).start()
    listener = _listen(launch.host, launch.port)
    data = Path(launch.data).resolve()
    data.mkdir(parents=True, exist_ok=True)
    database = _database_url(launch.database) or sqlite_url(data)
    settings = environment(data, database=database, keep=launch.keep)
    os.environ.update({k: v for k, v in settings.items() if k not in os.environ})
    if database == sqlite_url(data):
        _make_ready(data / "prefect.db")
    elif database.startswith("postgresql"):
        asyncio.run(_reach(database))
    tame_sqlite()
    asyncio.run(_serve(launch, listener, _application(_writer(database, data))))


def _make_ready(file: Path) -> None:
    """Tables without what they have twice."""
    import sqlite3

    from flows.prefect.server import doubled  # not for the agent, which reads this file too

    installed = version("prefect")
    try:
        doubled.put_back(file, installed)
        if not file.exists():
            make_tables(os.environ)
        doubled.leave_out(file, installed)
    except sqlite3.Error as error:
        raise OSError(f"{file}: {error}") from error
    except subprocess.CalledProcessError as error:
        raise OSError(f"{file}: its tables could not be made") from error


async def _reach(database: str) -> None:
    """Connect once: Prefect would tell what is wrong by a hundred lines."""
    import asyncpg

    url = urlsplit(database)
    try:
        connection = await asyncpg.connect(url._replace(scheme="postgresql").geturl(), timeout=10)
        await connection.close()
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        where = f"{url.hostname or 'localhost'}:{url.port or 5432}{url.path}"
        reason = getattr(error, "strerror", None) or error or type(error).__name__
        raise OSError(f"the database {where}: {reason}") from error


def _database_url(given: str) -> str:
    for scheme in ("postgresql://", "postgres://"):
        if given.startswith(scheme):
            return "postgresql+asyncpg://" + given.removeprefix(scheme)
    return given


def _writer(database: str, data: Path) -> Writer:
    if database.startswith("postgresql"):
        from flows.prefect.server.postgres_writer import PostgresWriter

        return PostgresWriter(database)
    from flows.prefect.server.sqlite_writer import SqliteWriter

    return SqliteWriter(Path(database.partition(":///")[2]))


def _application(writer: Writer) -> tuple[Any, History]:
    from prefect.server.api.server import create_app

    app = create_app(final=True)
    history = History(writer)
    mount(app.api_app, history)
    return app, history


async def _serve(launch: Launch, listener: socket.socket, made: tuple[Any, History]) -> None:
    from uvicorn import Config

    from flows.prefect.server.ending import Server

    app, history = made
    server = Server(Config(app, log_level="warning", access_log=False, timeout_keep_alive=60))
    serving = asyncio.create_task(server.serve([listener]))
    while not (server.started or serving.done()):  # noqa: ASYNC110 (uvicorn tells in no other way)
        await asyncio.sleep(0.05)
    if not server.started:  # it has told why
        sys.exit(3)
    await history.check()
    server.end_in_good_order_on_signals()
    gc.collect()
    gc.freeze()
    port = listener.getsockname()[1]
    sys.stdout.write(f"{port}\n" if launch.watched else f"prefect  http://{launch.host}:{port}\n")
    sys.stdout.flush()
    await serving
    server.leave()


def _listen(host: str, port: int) -> socket.socket:
    """A socket bound to the wanted port, to a free one if it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except socket.gaierror as error:
        raise OSError(f"{host}: {error.strerror}") from None
    except OSError:
        listener.bind((host, 0))
    return listener


def _end_with_input() -> None:
    """End at once: what was taken is committed, and Prefect's services take seconds to leave."""
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    serve(msgspec.json.decode(sys.argv[1], type=Launch))
