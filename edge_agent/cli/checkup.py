"""What `hearth doctor` looks at: each check gives findings, good or bad."""

import asyncio
import importlib.util
import os
import platform
import shutil
import socket
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from edge_agent.board import fit, limited
from edge_agent.board import machine as machine_here
from edge_agent.channels.message import ChannelState
from edge_agent.cli.agent import RunningAgent
from edge_agent.cli.reach import answers
from schemas.link import LinkFigures
from schemas.settings import Settings

LOW_DISK_BYTES = 500 << 20
FEW_IN_FLIGHT = 100
_KEPT = "prefect: {server: …} in hearth.yaml; runs wait in the ledger meanwhile"
_WAYS = {
    "bulk": "runs go there in bulk",
    "public": "runs go through its public API, some tens a second",
    "": "no run has gone there yet",
}
SOON = 1_700_000_000  # a clock before this (November 2023) was never set


class Finding(Struct, frozen=True):
    """One thing looked at; `state` is good, warning or bad."""

    state: str
    what: str
    text: str
    hint: str = ""


def machine() -> Iterator[Finding]:
    """Python, uvloop, versions, the clock."""
    runtime = f"hearthflow {version('hearthflow')}, Python {platform.python_version()}"
    yield Finding("good", "versions", f"{runtime}, {platform.system()} {platform.machine()}")
    if importlib.util.find_spec("uvloop") is None and sys.platform != "win32":
        yield Finding("warning", "uvloop", "not installed", "pip install uvloop: a faster loop")
    if time.time() < SOON:
        yield Finding("bad", "clock", f"{datetime.now():%Y-%m-%d %H:%M}", "set the clock (NTP)")


def board(settings: Settings) -> Iterator[Finding]:
    """Which board this is, and what the agent may take of it."""
    found = fit(machine_here(), settings.agent.board)
    how = "chosen" if found.chosen else "detected"
    ledger = limited(settings).ledger
    models = settings.inference.memory or found.board.inference.memory
    text = (
        f"{found.board.description} ({found.board.board}, {how}): CPU {found.cpu},"
        f" {found.budget / 1e6:.0f} MB for the agent, ledger {ledger.memory} and {ledger.max_size}"
        f" on disk, models {models}, image {found.platform or 'unknown'}"
    )
    yield Finding("good", "board", text)


def files(home: Path) -> Iterator[Finding]:
    """The home's files: who may read and write them, and the room there is."""
    secrets = home / "secrets.yaml"
    if secrets.exists():
        mode = secrets.stat().st_mode & 0o777
        if mode & 0o077:
            hint = f"chmod 600 {secrets}"
            yield Finding("bad", "secrets", f"others may read secrets.yaml ({mode:o})", hint)
        else:
            yield Finding("good", "secrets", f"secrets.yaml is its owner's alone ({mode:o})")
    data = home / "data"
    place = data if data.exists() else home
    if not os.access(place, os.W_OK):
        yield Finding("bad", "data", f"{place} cannot be written", "check owner and mount")
    free = shutil.disk_usage(place).free
    state, hint = ("good", "") if free > LOW_DISK_BYTES else ("warning", "make room")
    yield Finding(state, "disk", f"{free / 1e9:.1f} GB free at {place}", hint)


def clock(settings: Settings) -> Iterator[Finding]:
    """The home's zone and place."""
    now = datetime.now(ZoneInfo(settings.agent.time_zone))
    yield Finding("good", "time", f"{now:%Y-%m-%d %H:%M:%S} in {settings.agent.time_zone}")
    if settings.agent.latitude is None:
        hint = "agent: {latitude: …, longitude: …} in hearth.yaml"
        yield Finding("warning", "place", "unknown: no `sun` triggers or conditions", hint)


def broker(settings: Settings, home: Path) -> Iterator[Finding]:
    """Whether the broker takes us, and how many messages it leaves unacknowledged."""
    if settings.mqtt.host is None:
        yield Finding("good", "broker", "none configured: the embedded one, for homes that try out")
        return
    from edge_agent.cli.greeting import greet

    answer = asyncio.run(greet(settings.mqtt, home))
    where = f"{settings.mqtt.host}:{settings.mqtt.port}"
    if isinstance(answer, ChannelState):
        yield Finding("bad", "broker", answer.reason, answer.hint)
        return
    yield Finding("good", "broker", f"{where} accepts us")
    if answer.in_flight < FEW_IN_FLIGHT:
        hint = "mosquitto.conf: max_inflight_messages 1000 (acknowledgements wait for commits)"
        text = f"at most {answer.in_flight} QoS 1 messages under way: commits stay small"
        yield Finding("warning", "in flight", text, hint)


def gateway(settings: Settings, home: Path) -> Iterator[Finding]:
    """Whether the port is ours or free."""
    if not settings.gateway.enabled:
        yield Finding("good", "gateway", "switched off")
        return
    where = f"{settings.gateway.host}:{settings.gateway.port}"
    if answers(home / "data" / "agent.sock"):
        yield Finding("good", "gateway", "served by the running agent")
        return
    with socket.socket() as probe:
        taken = probe.connect_ex((settings.gateway.host, settings.gateway.port)) == 0
    if taken:
        hint = "gateway: {port: …} in hearth.yaml; else a free one is taken"
        yield Finding("warning", "gateway", f"{where} is taken by another program", hint)
    else:
        yield Finding("good", "gateway", f"{where} is free")


def prefect(settings: Settings, home: Path) -> Iterator[Finding]:
    """Where the runs are shown: asked of the running agent, else looked at."""
    from edge_agent.prefect.server import INSTALL, installed

    server = settings.prefect.server
    if server == "none":
        yield Finding("good", "prefect", "switched off: runs stay in the ledger")
    elif server == "embedded" and not installed():
        yield Finding("warning", "prefect", "not installed: runs stay in the ledger", INSTALL)
    elif answers(home / "data" / "agent.sock"):
        facts = RunningAgent(home / "data" / "agent.sock").describe().facts
        yield linked(msgspec.convert(facts.get("prefect", {}), LinkFigures))
    elif server == "embedded":
        where = f"http://127.0.0.1:{settings.prefect.port}"
        yield Finding("good", "prefect", f"embedded, on {where} while the agent runs")
    else:
        yield asyncio.run(_prefect_at(server, settings.prefect.key))


def linked(link: LinkFigures) -> Finding:
    """How the running agent's link does."""
    behind = f"{link.waiting} ledger rows wait" if link.waiting else "nothing waits"
    if link.problem:
        return Finding("bad", "prefect", f"{link.url}: {link.problem}; {behind}", _KEPT)
    way = _WAYS[link.way]
    before = f"; last trouble: {link.last_problem}" if link.last_problem else ""
    return Finding("good", "prefect", f"{link.url} answers the agent; {way}; {behind}{before}")


async def _prefect_at(server: str, key: str | None) -> Finding:
    from edge_agent.prefect.api import PrefectApi, Refused, api_url

    api = PrefectApi(api_url(server), key)
    try:
        version = await api.get("/admin/version")
    except (OSError, Refused) as error:
        return Finding("bad", "prefect", f"{api.url}: {error}", _KEPT)
    finally:
        await api.close()
    return Finding("good", "prefect", f"{api.url} answers, version {version}")
