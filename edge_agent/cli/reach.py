"""Finding the agent of a home: the one that holds it, else one of our own for a moment."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from edge_agent.cli.agent import Agent, RunningAgent
from edge_agent.cli.problems import Outside

if TYPE_CHECKING:
    from schemas.settings import MqttSettings, Settings


@contextmanager
def reach(home: Path, settings: "Settings") -> Iterator[Agent]:
    """The agent that holds the home; without one, its ledger opened for this call."""
    path = home / "data" / "agent.sock"
    if answers(path):
        yield RunningAgent(path)
        return
    from edge_agent.cli.alone import opened

    with opened(home, settings) as agent:
        yield agent


def running(home: Path) -> RunningAgent:
    """The agent that holds the home.

    Raises:
        Outside: none runs.
    """
    path = home / "data" / "agent.sock"
    if not answers(path):
        raise Outside(f"no agent runs in {home}: start it with `hearth up`")
    return RunningAgent(path)


def broker_of(home: Path, settings: "Settings") -> "MqttSettings":
    """The broker to connect to: the configured one, else the running agent's embedded one.

    Raises:
        Outside: there is none.
    """
    import msgspec

    if settings.mqtt.host is not None:
        return settings.mqtt
    host, _, port = running(home).describe().urls["mqtt"].rpartition("/")[2].rpartition(":")
    return msgspec.structs.replace(settings.mqtt, host=host, port=int(port))


def answers(path: Path) -> bool:
    """Whether somebody listens on a socket.

    Raises:
        Outside: that is not for this user to know.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except PermissionError:
            text = "permission denied; call this as the user who runs the agent"
            raise Outside(f"{path}: {text}") from None
        except OSError:
            return False
    return True
