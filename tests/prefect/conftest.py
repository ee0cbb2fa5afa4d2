"""A Prefect server of ours for all tests of a worker, and coroutine tests on uvloop."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import uvloop

from tests.coroutines import coroutine_tests
from tests.prefect.postgres import postgres
from tests.prefect.servers import PrefectServer, empty_tables, prefect_server
from tests.servers import brokers, mosquitto
from tests.storms.scene import SOAK

__all__ = ["brokers", "mosquitto"]
pytest_pyfunc_call = coroutine_tests(uvloop.run, seconds=7_200 if SOAK else 900)


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database of Prefect."""
    base = tmp_path_factory.getbasetemp()
    return empty_tables(base.parent if base.name.startswith("popen-") else base)


@pytest.fixture(scope="session")
def prefect(tmp_path_factory: pytest.TempPathFactory, tables: Path) -> Iterator[PrefectServer]:
    """A running server on SQLite, shared: tests keep to pipelines of their own."""
    with prefect_server(tmp_path_factory.mktemp("prefect"), tables=tables) as server:
        yield server


@pytest.fixture(scope="session")
def on_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrefectServer]:
    """A running server on PostgreSQL, shared in the same way."""
    folder = tmp_path_factory.mktemp("prefect-on-postgres")
    with postgres() as url, prefect_server(folder, database=url) as server:
        yield server


@pytest.fixture(params=["prefect", "on_postgres"])
def either(request: pytest.FixtureRequest) -> PrefectServer:
    """A running server on each of the databases."""
    server: PrefectServer = request.getfixturevalue(request.param)
    return server
