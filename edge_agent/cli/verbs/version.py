"""Print the versions of hearthflow and of what it stands on."""

import platform
from importlib.metadata import version as installed

from edge_agent.cli.group import verb
from edge_agent.cli.shell import Shell

PARTS = ("hearthflow", "duckdb", "paho-mqtt", "msgspec", "litestar")


@verb
def command(shell: Shell) -> None:
    """Print the versions of hearthflow and of what it stands on."""
    versions = {name: installed(name) for name in PARTS}
    versions["python"] = platform.python_version()
    versions["platform"] = f"{platform.system()} {platform.machine()}".lower()
    shell.show(versions, lambda: shell.table(("part", "version"), versions.items()))
