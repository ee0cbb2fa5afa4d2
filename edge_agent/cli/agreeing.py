"""A question before something that cannot be taken back."""

import sys

import click

from edge_agent.cli.problems import mistake


def agreed(question: str) -> None:
    """Ask; the verb ends unless somebody agrees.

    Raises:
        UserError: nobody is there to agree.
    """
    try:
        click.confirm(question, abort=True, err=True)
    except click.Abort:
        if sys.stdin.isatty():
            raise
        click.echo(err=True)  # the question's line has not ended
        raise mistake("nobody agreed", "say so beforehand: --yes") from None
