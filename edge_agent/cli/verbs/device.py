"""Tell a device something: `hearth device lamp set state=on brightness=50`."""

import click

from edge_agent.cli.group import verb
from edge_agent.cli.options import assignments
from edge_agent.cli.shell import Shell
from schemas.device import Command


@verb
@click.argument("name")
@click.argument("action")
@click.argument("values", nargs=-1, metavar="[KEY=VALUE]…")
@click.option("--instance", help="Which of several equal properties (l1, 0).")
def command(
    shell: Shell, name: str, action: str, values: tuple[str, ...], instance: str | None
) -> None:
    """Tell a device something: set properties, or do what it can (toggle, open, stop, …).

    \b
    hearth device lamp set state=on brightness=50
    hearth device shutter open
    """
    if action == "set" and not values:
        raise click.UsageError("`set` needs KEY=VALUE")
    told = Command(
        set=assignments(values), do=None if action == "set" else action, instance=instance
    )
    with shell.agent() as agent:
        agent.command(name, told)
    shell.show(told, lambda: shell.note(f"told {name}: {action} {' '.join(values)}".rstrip()))
