"""Compile a folder of weights for processors: a new version of a model."""

from pathlib import Path

import click

from edge_agent.cli.group import verb
from edge_agent.cli.problems import Outside, mistake
from edge_agent.cli.shell import Shell

_INSTALL = "compiling needs the extra: pip install hearthflow[models]"


@verb
@click.argument("source", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--name", help="What the model is called; the folder's name by default.")
@click.option("--target", "targets", multiple=True, help="A processor; this one by default.")
@click.option("--quantization", default="q4f32_1", show_default=True, help="Of the weights.")
@click.option("--licence", default="", help="The licence, where the folder does not tell.")
@click.option("--promote/--no-promote", default=True, help="Put it in force at once.")
def command(
    shell: Shell,
    source: Path,
    name: str | None,
    targets: tuple[str, ...],
    quantization: str,
    licence: str,
    promote: bool,
) -> None:
    """Compile an MLC folder, or one of Hugging Face (Llama, Qwen 2 and 3, Gemma).

    \b
    hearth models compile ~/Qwen3-0.6B --target cortex-a76 --target x86-64-v3
    """
    import shutil

    from edge_agent.models.runtime.folder import BrokenFolder
    from edge_agent.models.shelf import Shelf
    from edge_agent.models.signing import Key
    from edge_agent.models.start import KEY

    try:
        from edge_agent.models.compiling.compile import compile_model
    except ImportError:
        raise Outside(_INSTALL) from None
    shelf, called = Shelf(shell.home), name or source.resolve().name
    folder = shelf.stage(called)
    try:
        manifest = compile_model(
            source, folder, targets=targets or [_this_processor(shell)],
            key=Key(shell.home / KEY), quantization=quantization, name=called,
            licence=licence, tell=shell.note,
        )  # fmt: skip
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, BrokenFolder | ValueError):
            raise mistake(str(error)) from None
        if isinstance(error, ImportError):
            raise Outside(_INSTALL) from None
        if isinstance(error, OSError):
            raise Outside(str(error)) from None
        raise
    if promote:
        shelf.promote(called, int(folder.name))
    state = "is in force" if promote else "waits to be promoted"
    shell.show(manifest, lambda: shell.note(f"{called} version {folder.name} {state}"))


def _this_processor(shell: Shell) -> str:
    from edge_agent.board import fit, machine

    return fit(machine(), shell.settings.agent.board).cpu
