"""Add a folder that mlc-llm or another home compiled, or an ONNX export: a new version."""

from pathlib import Path

import click

from edge_agent.cli.agreeing import agreed
from edge_agent.cli.group import verb
from edge_agent.cli.shell import Shell


@verb
@click.argument("source", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--name", help="What the model is called; the folder's name by default.")
@click.option(
    "--library", "libraries", multiple=True, metavar="TARGET=FILE",
    help="A library of mlc-llm in the folder and its processor.",
)  # fmt: skip
@click.option("--licence", default="", help="The licence of the weights.")
@click.option("--promote/--no-promote", default=True, help="Put it in force at once.")
@click.option("--yes", is_flag=True, help="Trust its native code without being asked.")
def command(
    shell: Shell,
    source: Path,
    name: str | None,
    libraries: tuple[str, ...],
    licence: str,
    promote: bool,
    yes: bool,
) -> None:
    """Add a compiled folder, or an export of ONNX, as a new version of a model.

    Libraries are native code that runs with the rights of the agent: adding signs them with this
    home's key, and from then on they are trusted. A folder with `model.onnx` has none.
    """
    from edge_agent.cli.new_version import put_on_shelf
    from edge_agent.models.adding import add_model
    from edge_agent.models.exported.files import is_exported

    if not yes and not is_exported(source):
        agreed(f"Trust the native code in {source}?")
    pairs = [tuple(each.split("=", 1)) for each in libraries]
    if any(len(pair) != 2 for pair in pairs):
        raise click.UsageError("--library takes TARGET=FILE.")
    called = name or source.resolve().name
    put_on_shelf(
        shell,
        called,
        lambda folder, key: add_model(
            source, folder, name=called, libraries=pairs, licence=licence, key=key
        ),
        promote=promote,
    )
