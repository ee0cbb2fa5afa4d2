"""Run the Prefect server that shows the runs: `hearth prefect up`."""

import click

from edge_agent.cli.group import verb
from edge_agent.cli.problems import Outside
from edge_agent.cli.shell import Shell


@verb
@click.argument("action", type=click.Choice(["up"]))
@click.option("--host", default="127.0.0.1", help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port; prefect.port by default.")
@click.option("--database", metavar="URL", help="PostgreSQL URL; prefect.database by default.")
def command(shell: Shell, action: str, host: str, port: int | None, database: str | None) -> None:
    """Run the genuine Prefect server, trimmed for small machines, until Ctrl-C.

    An agent with `prefect: {server: embedded}` starts one itself; this is for one of its own,
    which agents then name by its URL. Its files lie under data/prefect.
    """
    from edge_agent.prefect.server import INSTALL, installed
    from flows.prefect.server.process import Launch, serve
    from schemas.fields import seconds

    if database and not database.startswith(("postgresql://", "postgres://")):
        raise click.BadParameter("write it postgresql://USER@HOST/NAME.", param_hint="--database")
    if not installed():
        raise Outside(f"Prefect is not installed: {INSTALL}")
    settings = shell.settings.prefect
    launch = Launch(
        data=str(shell.home / "data" / "prefect"),
        host=host,
        port=settings.port if port is None else port,
        database=database or settings.database or "",
        keep=seconds(settings.keep),
    )
    shell.note(f"starting Prefect on {host}:{launch.port}; Ctrl-C ends it")
    serve(launch)
