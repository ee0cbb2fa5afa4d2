"""Go back to an earlier version of a pipeline: its file is written anew."""

import click

from edge_agent.cli.group import verb
from edge_agent.cli.shell import Shell
from schemas.files import RolledBack


@verb
@click.argument("pipeline", metavar="ID")
@click.argument("version", type=int, required=False)
def command(shell: Shell, pipeline: str, version: int | None) -> None:
    """Go back to an earlier version of a pipeline: its file is written anew.

    VERSION is a number of `hearth history`, by default the one before. Only the lines of this
    pipeline are written, and only after the file was compiled as it will be; what stands there now
    is kept as a version, or set aside where it has errors. Fails when that cannot be done.
    """
    with shell.agent() as agent:
        done = agent.rollback(pipeline, version)
    shell.show(done, lambda: _tell(shell, pipeline, done))


def _tell(shell: Shell, pipeline: str, done: RolledBack) -> None:
    shell.say(f"{pipeline} is back at version {done.number}: {done.file} was written")
    if done.saved:
        shell.say(f"what stood there and had errors is in {done.saved}")
