"""Try a model: signature, files, and a first answer."""

import click

from edge_agent.cli.group import verb
from edge_agent.cli.problems import mistake
from edge_agent.cli.shell import Shell


@verb
@click.argument("name")
@click.option("--prompt", default="Hello!", show_default=True, help="What it is asked.")
def command(shell: Shell, name: str, prompt: str) -> None:
    """Try a model: check its signature and every file, load it, have it answer."""
    import asyncio

    from edge_agent.models.driver import ModelError
    from edge_agent.models.trial import try_model

    try:
        with shell.progress(f"loading {name}"):
            answer = asyncio.run(try_model(shell.home, shell.settings, name, prompt))
    except (ModelError, LookupError, OSError, ValueError) as error:
        raise mistake(str(error)) from None
    shell.show(answer, lambda: shell.say(answer["text"]))
