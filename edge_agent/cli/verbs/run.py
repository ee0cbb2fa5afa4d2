"""Run a pipeline once, now, and show what it did."""

from typing import Any

import click
import msgspec

from edge_agent.cli.group import verb
from edge_agent.cli.options import assignments
from edge_agent.cli.problems import mistake
from edge_agent.cli.shell import Shell
from edge_agent.cli.trace_text import show_trace
from schemas.api import StartRun


@verb
@click.argument("pipeline")
@click.option("-i", "--input", "inputs", multiple=True, metavar="KEY=VALUE", help="An input.")
@click.option("--event", metavar="JSON", help="What `trigger.payload` is in the run.")
@click.option("--dry-run", is_flag=True, help="Show every effect and perform none.")
@click.option("--force", is_flag=True, help="Do not ask the pipeline's conditions.")
def command(
    shell: Shell,
    pipeline: str,
    inputs: tuple[str, ...],
    event: str | None,
    dry_run: bool,
    force: bool,
) -> int:
    """Run a pipeline once, now, and show what it did. Fails when the run failed."""
    request = StartRun(assignments(inputs), _json(event), dry_run, force, wait=True)
    with shell.agent() as agent, shell.progress(f"running {pipeline}"):
        started = agent.start(pipeline, request)
    if started.trace is None:
        hint = "" if force else "see --force"
        raise mistake(f"{pipeline} did not run: {started.reason or started.state}", hint)
    trace = started.trace
    shell.show(trace, lambda: show_trace(shell, trace))
    return 0 if trace.run.state in ("completed", "waiting") else 1


def _json(event: str | None) -> Any:
    try:
        return None if event is None else msgspec.json.decode(event)
    except msgspec.DecodeError as error:
        raise click.BadParameter(f"no JSON: {error}", param_hint="--event") from None
