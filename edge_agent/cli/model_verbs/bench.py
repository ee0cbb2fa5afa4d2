"""Measure a model on this machine: loading, tokens a second, several at once, memory."""

import click

from edge_agent.cli.group import verb
from edge_agent.cli.problems import mistake
from edge_agent.cli.shell import Shell


@verb
@click.argument("name")
@click.option("--tokens", type=click.IntRange(8, 4096), default=128, show_default=True)
@click.option("--streams", type=click.IntRange(1, 64), default=8, show_default=True)
def command(shell: Shell, name: str, tokens: int, streams: int) -> None:
    """Measure a model on this machine: loading, tokens a second, several at once, memory."""
    import asyncio

    from edge_agent.models.driver import ModelError
    from edge_agent.models.trial import measure_model

    try:
        with shell.progress(f"measuring {name}"):
            figures = asyncio.run(
                measure_model(shell.home, shell.settings, name, tokens=tokens, streams=streams)
            )
    except (ModelError, LookupError, OSError, ValueError) as error:
        raise mistake(str(error)) from None
    rows = [(each.what, f"{each.value:.1f}", each.unit) for each in figures]
    shell.show(figures, lambda: shell.table(("figure", "value", "unit"), rows))
