"""One call of `hearth`: verbs found by file name, one way to end with an error."""

import os
from typing import Any

import click

from edge_agent.cli import INTERRUPTED
from edge_agent.cli.group import Verbs, common_options
from edge_agent.cli.problems import Outside, tell
from edge_agent.cli.streams import open_closed
from schemas.problem import UserError

_WRONG_PATH = (FileNotFoundError, FileExistsError, NotADirectoryError, IsADirectoryError)


@click.command(cls=Verbs, invoke_without_command=True, context_settings={"max_content_width": 100})
@common_options
@click.pass_context
def hearth(context: click.Context, /, **common: Any) -> None:
    """Run pipelines for the devices of a home, and see what they did."""
    context.obj = common
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def called(arguments: list[str] | None) -> int:
    """The exit code of a command line, None for that of the process (`edge_agent.cli.main`)."""
    open_closed()
    colour = False if os.environ.get("NO_COLOR") else None  # https://no-color.org
    with click.Context(hearth, color=colour):
        return _ended(arguments, colour)


def _ended(arguments: list[str] | None, colour: bool | None) -> int:
    try:
        return hearth.main(arguments, "hearth", standalone_mode=False, color=colour) or 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except UserError as error:
        tell(error.problems)
        return 1
    except Outside as error:
        click.echo(f"error: {error}", err=True)
        return 3
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        click.echo(f"{where}error: {error.strerror or error}", err=True)
        return 1 if isinstance(error, _WRONG_PATH) else 3
