"""Run the agent in the foreground: broker, pipelines, gateway. Ctrl-C ends it."""

import asyncio

import click

from edge_agent.cli.group import verb
from edge_agent.cli.options import DURATION
from edge_agent.cli.shell import Shell


@verb
@click.option("--demo", is_flag=True, help="Simulated devices and sample pipelines; needs nothing.")
@click.option("--for", "seconds", type=DURATION, help="End by itself after a while: 30s.")
def command(shell: Shell, demo: bool, seconds: float | None) -> int:
    """Run the agent in the foreground: broker, pipelines, gateway. Ctrl-C ends it.

    With --demo a recorded Zigbee network plays on an embedded broker, in a home made anew.
    """
    import uvloop

    from edge_agent.cli.foreground import run, run_demo

    if demo:
        from edge_agent.cli.reach import answers
        from edge_agent.demo.home import make_home

        shell.chosen = make_home(shell.chosen, lambda home: answers(home / "data" / "agent.sock"))
    work = run_demo(shell, seconds) if demo else run(shell, seconds)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)
