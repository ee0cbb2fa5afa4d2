"""Measure an agent on this machine: latency, throughput, CPU and memory under load."""

import asyncio

import click

from edge_agent.cli.group import verb
from edge_agent.cli.options import DURATION
from edge_agent.cli.problems import Outside
from edge_agent.cli.shell import Shell


@verb
@click.option("--for", "seconds", type=DURATION, default="5s", help="How long each load lasts.")
def command(shell: Shell, seconds: float) -> None:
    """Measure an agent on this machine: latency, throughput, CPU and memory under load.

    A mosquitto (or the embedded broker) and an agent with one pipeline are started for it;
    everything is recorded in a ledger, as in service.
    """
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            runner.run(_measure(shell, seconds))
        except TimeoutError as error:
            raise Outside("the agent under test does not answer") from error


async def _measure(shell: Shell, seconds: float) -> None:
    from edge_agent.bench.trial import Figure, measure

    figures: list[Figure] = []
    with shell.progress("measuring"):
        async for figure in measure(seconds):
            figures.append(figure)
            if not shell.json:
                shell.say(f"{figure.what:26} {figure.value:10,.2f} {figure.unit}")
    if shell.json:
        shell.show(figures, lambda: None)
