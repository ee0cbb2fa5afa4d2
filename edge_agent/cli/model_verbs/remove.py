"""Remove a model with all its versions."""

import click

from edge_agent.cli.agreeing import agreed
from edge_agent.cli.group import verb
from edge_agent.cli.problems import mistake
from edge_agent.cli.shell import Shell


@verb
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
def command(shell: Shell, name: str, yes: bool) -> None:
    """Remove a model with all its versions."""
    from edge_agent.models.shelf import Shelf

    shelf = Shelf(shell.home)
    try:
        count = len(shelf.versions(name))
        if not yes:
            what = f"{name} with its {count} versions" if count > 1 else name
            agreed(f"Remove {what}?")
        shelf.remove(name)
    except LookupError as error:
        raise mistake(str(error)) from None
    shell.show({"removed": name}, lambda: shell.note(f"{name} is removed"))
