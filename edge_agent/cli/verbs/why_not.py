"""Tell why a pipeline did not run: what its triggers saw and which condition was false."""

from datetime import datetime

import click

from edge_agent.cli.group import verb
from edge_agent.cli.options import MOMENT, in_home
from edge_agent.cli.shell import Shell
from edge_agent.cli.why_text import show_why


@verb
@click.argument("pipeline")
@click.option("--at", type=MOMENT, help="When it should have run: 18:00, a date with time, 5m ago.")
def command(shell: Shell, pipeline: str, at: datetime | None) -> None:
    """Tell why a pipeline did not run: what its triggers saw and which condition was false.

    Without --at the last thing that happened to it is told. The values are those of that time.
    """
    when = None if at is None else in_home(at, shell.zone)
    with shell.agent() as agent, shell.progress(f"asking about {pipeline}"):
        answer = agent.why_not(pipeline, when)
    shell.show(answer, lambda: show_why(shell, answer))
