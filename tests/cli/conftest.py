"""Fixtures of the command-line tests: one call of `hearth`, and an agent that answers it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from edge_agent.cli import main
from tests.gateway.conftest import Site
from tests.gateway.fakes import Parts
from tests.servers import brokers, mosquitto


class Result(NamedTuple):
    """What a call left behind."""

    code: int
    out: str
    err: str


__all__ = ["brokers", "hearth", "home", "mosquitto", "parts"]

Hearth = Callable[..., Result]


@pytest.fixture
def hearth(capsys: pytest.CaptureFixture[str]) -> Hearth:
    """Calls `hearth` with these arguments."""

    def call(*arguments: str | Path) -> Result:
        code = main([str(argument) for argument in arguments])
        return Result(code, *capsys.readouterr())

    return call


@pytest.fixture
def home(tmp_path: Path, hearth: Hearth) -> Path:
    """A home as `hearth init` makes it."""
    assert hearth("init", tmp_path / "home", "--yes", "--name", "test").code == 0
    return tmp_path / "home"


@pytest.fixture
def parts(home: Path) -> Iterator[Parts]:
    """The fakes behind a gateway that serves on the home's socket."""
    site = Site(home / "data", None)
    yield site.parts
    site.stop()
