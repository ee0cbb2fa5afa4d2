"""List the versions of a pipeline: when each came into force, what changed, what it ran."""

import click

from edge_agent.cli.group import verb
from edge_agent.cli.shell import Shell
from schemas.files import VersionView

COLUMNS = ("version", "since", "why", "change", "runs", "last run", "hash")


@verb
@click.argument("pipeline", metavar="ID")
def command(shell: Shell, pipeline: str) -> None:
    """List the versions of a pipeline: when each came into force, what changed, what it ran.

    Every version that was accepted is kept, a hundred of each pipeline. `hearth diff` compares
    two, `hearth rollback` goes back to one.
    """
    with shell.agent() as agent:
        versions = agent.versions(pipeline)
    shell.show(versions, lambda: shell.table(COLUMNS, [_row(shell, each) for each in versions]))


def _row(shell: Shell, each: VersionView) -> tuple[str, ...]:
    mark = f"{each.number} *" if each.current else str(each.number)
    last = "" if each.last_run is None else shell.moment(each.last_run)
    accepted = shell.moment(each.accepted)
    return (mark, accepted, each.note, each.change, str(each.runs), last, each.version)
