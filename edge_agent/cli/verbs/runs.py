"""List what ran: newest first, with state, duration and reason."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import get_args

import click

from edge_agent.cli.group import verb
from edge_agent.cli.options import DURATION
from edge_agent.cli.shell import Shell
from schemas.api import RunQuery
from schemas.run import RunState
from schemas.traces import RunSummary

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
    shell.show(runs, lambda: _tell(shell, runs))


def _tell(shell: Shell, runs: Sequence[RunSummary]) -> None:
    if not runs:
        shell.note("no runs")
        return
    shell.table(COLUMNS, [row(shell, run) for run in runs])


def row(shell: Shell, run: RunSummary) -> tuple[str, ...]:
    """A run as a line of the table."""
    took = shell.took(run.started, run.finished)
    started = shell.moment(run.started)
    return (short(run.id), run.pipeline, run.state, started, took, run.trigger, run.error)


def short(run: str) -> str:
    """A run's id as `hearth trace` takes it too: runs of one pipeline differ at the end, those of
    different starts of the agent at the beginning."""
    return f"{run[:4]}..{run[-8:]}"
