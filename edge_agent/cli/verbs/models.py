"""List, add, compile, measure and switch the models of the home."""

from pathlib import Path
from typing import Any

import click

from edge_agent.cli.group import Verbs, common_options


class ModelVerbs(Verbs):
    """The files of `model_verbs/`."""

    folder = Path(__file__).parents[1] / "model_verbs"


@click.command(cls=ModelVerbs)
@common_options
@click.pass_context
def command(context: click.Context, /, **common: Any) -> None:
    """List, add, compile, measure and switch the models of the home.

    A model is a folder under models/; `compile` and `add` make a version of it, `promote` puts
    one in force while requests go on, `rollback` the one before.
    """
    context.find_root().obj |= {key: value for key, value in common.items() if value}
