"""Run the agent in the foreground: broker, pipelines, gateway. Ctrl-C ends it."""

import asyncio
from pathlib import Path

import click

from edge_agent.cli.group import verb
from edge_agent.cli.options import DURATION
from edge_agent.cli.problems import mistake
from edge_agent.cli.shell import Shell


@verb
@click.option("--demo", is_flag=True, help="Simulated devices and sample pipelines; needs nothing.")
@click.option("--for", "seconds", type=DURATION, help="End by itself after a while: 30s.")
def command(shell: Shell, demo: bool, seconds: float | None) -> int:
    """Run the agent in the foreground: broker, pipelines, gateway. Ctrl-C ends it.

    With --demo a recorded Zigbee network plays on an embedded broker, in a home made anew.
    """
    if demo:
        shell.chosen = _demo_home(shell.chosen)
    shell.settings  # noqa: B018 (wrong settings are told before anything heavy is imported)

    import uvloop

    from edge_agent.cli.foreground import run, run_demo

    work = run_demo(shell, seconds) if demo else run(shell, seconds)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def _demo_home(chosen: Path | None) -> Path:
    from edge_agent.cli.new_home import local_time_zone
    from edge_agent.cli.reach import answers
    from edge_agent.demo.home import make_home

    def held(home: Path) -> bool:
        return answers(home / "data" / "agent.sock")

    try:
        return make_home(chosen, held, local_time_zone())
    except OSError as error:
        raise mistake(str(error), "name an empty folder with --home") from None
