"""The agent in this terminal: started, told about, and ended in good order."""

import asyncio
import contextlib
import logging
import os
import signal
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING

from edge_agent.cli.problems import Outside
from edge_agent.cli.shell import Shell, hearth_command
from edge_agent.cli.streams import nobody_reads
from edge_agent.ledger.problems import LedgerProblem
from edge_agent.main import Agent
from edge_agent.monitoring.log import set_up
from pipelines.settings import load_devices, load_secrets

if TYPE_CHECKING:
    from edge_agent.demo.screen import Screen

LEAVE_SECONDS = 3.0
STOP_SECONDS = 4.5


async def run(shell: Shell, seconds: float | None) -> int:
    """Run until a signal comes, or for some seconds."""
    async with started(shell) as agent:
        for line in told(shell, agent):
            shell.note(line)
        await until_stopped(agent, seconds)
    return 0


async def run_demo(shell: Shell, seconds: float | None) -> int:
    """Run with simulated devices, and show what happens."""
    from edge_agent.demo import screen
    from edge_agent.demo.network import simulate

    async with started(shell) as agent:
        loop = asyncio.get_running_loop()
        host, _, port = agent.urls["mqtt"].rpartition("/")[2].rpartition(":")
        folder = agent.home / "data" / "devices"
        devices = asyncio.create_task(simulate(host, int(port), folder=folder, clock=agent.clock))
        page = screen.make_screen("\n".join(told(shell, agent)), "\n".join(tries(shell)))
        watcher = threading.Thread(target=watch, args=[shell, page, loop, agent], daemon=True)
        with page:
            watcher.start()
            await until_stopped(agent, seconds)
        devices.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await devices
    watcher.join(LEAVE_SECONDS)
    shell.note(f"What it did is kept: {hearth_command()} runs --home {shell.home}")
    return 0


def watch(shell: Shell, page: "Screen", loop: asyncio.AbstractEventLoop, agent: Agent) -> None:
    """Show what happens until the agent is gone, in a thread of its own; an output that nobody
    reads any more (`| head`) ends the agent."""
    from edge_agent.cli.wire import Wire
    from edge_agent.demo import screen

    happenings = Wire(shell.home / "data" / "agent.sock").follow("/api/v1/events")
    try:
        screen.watch(happenings, page, shell.zone)
    except Outside:
        pass
    except BrokenPipeError:
        nobody_reads()
        loop.call_soon_threadsafe(agent.stopping.set)


@asynccontextmanager
async def started(shell: Shell) -> AsyncIterator[Agent]:
    """An agent that is up; stopped in good order, whatever happens.

    Raises:
        UserError: the home's settings are wrong.
        Outside: the ledger, a port or the broker cannot be had.
    """
    log = shell.settings.log
    secrets = load_secrets(shell.home)
    set_up("debug" if shell.verbose else log.level, log.format, secrets=secrets)
    threading.excepthook = end_at_once
    devices, _ = load_devices(shell.home)
    try:
        agent = Agent(shell.home, shell.settings, devices, version("hearthflow"))
        stop_on_signals(agent)
        try:
            await agent.start()
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, agent.reload)
            yield agent
        finally:
            await leave(agent)
    except (LedgerProblem, OSError) as error:
        raise Outside(str(error)) from error


async def leave(agent: Agent) -> None:
    """Stop in good order, or at once when that takes too long: what is committed is safe."""
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await agent.stop()
    except TimeoutError:
        logging.getLogger(__name__).error("the agent could not stop in good order")
        os._exit(1)


def end_at_once(death: threading.ExceptHookArgs) -> None:
    """A thread has died of a bug: end, so that whoever watches starts the agent anew.

    Nothing is lost: what was not committed was not acknowledged.
    """
    threading.__excepthook__(death)
    os._exit(70)


def stop_on_signals(agent: Agent) -> None:
    """Let SIGINT and SIGTERM end the agent in good order; a second one kills it."""
    loop = asyncio.get_running_loop()

    def stop() -> None:
        if agent.stopping.is_set():
            os._exit(130)
        agent.stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)


async def until_stopped(agent: Agent, seconds: float | None) -> None:
    """Wait for a signal, the API's stop, or the end of the time."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await agent.stopping.wait()
    agent.stopping.set()


def told(shell: Shell, agent: Agent) -> list[str]:
    """What runs where."""
    pipelines = len(agent.engine.lanes)
    embedded = "" if shell.settings.mqtt.host else " (embedded)"
    lines = [f"home     {agent.home}", f"broker   {agent.urls['mqtt']}{embedded}"]
    if "gateway" in agent.urls:
        lines.append(f"http     {agent.urls['gateway']}")
    if agent.prefect.url or agent.prefect.missing:
        lines.append(f"prefect  {agent.prefect.url or agent.prefect.missing}")
    word = "pipeline" if pipelines == 1 else "pipelines"
    return [*lines, f"running  {pipelines} {word}; Ctrl-C ends"]


def tries(shell: Shell) -> list[str]:
    """What to try next, in words that can be pasted."""
    hearth = hearth_command()
    return [
        f"export HEARTH_HOME={shell.home}",
        f"{hearth} runs",
        f"{hearth} trace last",
        f"{hearth} device desk_lamp toggle",
        f"{hearth} query 'select device, avg(value) from readings group by 1'",
        f"its pipelines: {shell.home}/pipelines",
        f"a home of your own: {hearth} init DIR",
    ]
