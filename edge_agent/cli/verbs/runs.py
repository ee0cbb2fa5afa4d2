"""List what ran: newest first, with state, duration and reason."""

from datetime import UTC, datetime, timedelta
from typing import get_args

import click

from edge_agent.cli.group import verb
from edge_agent.cli.options import DURATION
from edge_agent.cli.shell import Shell
from schemas.api import RunQuery, RunSummary
from schemas.run import RunState

COLUMNS = ("run", "pipeline", "state", "started", "took", "trigger", "error")


@verb
@click.argument("pipeline", required=False)
@click.option("--state", type=click.Choice(get_args(RunState)), help="Only runs in this state.")
@click.option("--since", type=DURATION, help="Only those of the last while: 30m, 2d.")
@click.option("-n", "--limit", type=click.IntRange(1, 10_000), default=20, help="At most so many.")
def command(
    shell: Shell, pipeline: str | None, state: str | None, since: float | None, limit: int
) -> None:
    """List what ran: newest first, with state, duration and reason."""
    start = None if since is None else datetime.now(UTC) - timedelta(seconds=since)
    with shell.agent() as agent:
        runs = agent.runs(RunQuery(pipeline, state, start, limit)).items
    shell.show(runs, lambda: shell.table(COLUMNS, [row(shell, run) for run in runs]))


def row(shell: Shell, run: RunSummary) -> tuple[str, ...]:
    """A run as a line of the table."""
    took = shell.took(run.started, run.finished)
    started = shell.moment(run.started)
    return (run.id[:13], run.pipeline, run.state, started, took, run.trigger, run.error)
