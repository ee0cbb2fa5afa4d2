"""Put the version of a model before the one in force back."""

import click

from edge_agent.cli.group import verb
from edge_agent.cli.problems import mistake
from edge_agent.cli.shell import Shell


@verb
@click.argument("name")
def command(shell: Shell, name: str) -> None:
    """Put the version of a model before the one in force back."""
    from edge_agent.models.shelf import Shelf

    try:
        chosen = Shelf(shell.home).rollback(name)
    except LookupError as error:
        raise mistake(str(error)) from None
    shell.show(chosen.number, lambda: shell.note(f"{name} version {chosen.number} is in force"))
