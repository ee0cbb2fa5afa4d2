"""Put a version of a model in force, the newest by default; requests under way go on."""

import click

from edge_agent.cli.group import verb
from edge_agent.cli.problems import mistake
from edge_agent.cli.shell import Shell


@verb
@click.argument("name")
@click.argument("version", type=int, required=False)
def command(shell: Shell, name: str, version: int | None) -> None:
    """Put a version of a model in force, the newest by default; requests under way go on.

    A running agent loads it with its next request; a version that does not load is not used.
    """
    from edge_agent.models.shelf import Shelf

    try:
        chosen = Shelf(shell.home).promote(name, version)
    except LookupError as error:
        raise mistake(str(error)) from None
    shell.show(chosen.number, lambda: shell.note(f"{name} version {chosen.number} is in force"))
