"""Compile a folder of weights for processors: a new version of a model."""

from pathlib import Path

import click

from edge_agent.cli.group import verb
from edge_agent.cli.interrupting import interruptible
from edge_agent.cli.problems import Outside
from edge_agent.cli.shell import Shell

_INSTALL = "compiling needs the extra: pip install hearthflow[models]"


@verb
@click.argument("source", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--name", help="What the model is called; the folder's name by default.")
@click.option("--target", "targets", multiple=True, help="A processor; this one by default.")
@click.option("--quantization", help="Of Hugging Face's weights; q4f32_1 by default.")
@click.option("--licence", default="", help="The licence, where the folder does not tell.")
@click.option("--promote/--no-promote", default=True, help="Put it in force at once.")
def command(
    shell: Shell,
    source: Path,
    name: str | None,
    targets: tuple[str, ...],
    quantization: str | None,
    licence: str,
    promote: bool,
) -> None:
    """Compile an MLC folder, or one of Hugging Face (Llama, Qwen 2 and 3, Gemma).

    \b
    hearth models compile ~/Qwen3-0.6B --target cortex-a76 --target x86-64-v3
    """
    from edge_agent.cli.new_version import put_on_shelf

    called = name or source.resolve().name
    try:
        from edge_agent.models.compiling.compile import compile_model

        with interruptible():
            put_on_shelf(
                shell,
                called,
                lambda folder, key: compile_model(
                    source, folder, targets=targets or [_this_processor(shell)], key=key,
                    quantization=quantization, name=called, licence=licence, tell=shell.note,
                ),
                promote=promote,
            )  # fmt: skip
    except ImportError:
        raise Outside(_INSTALL) from None


def _this_processor(shell: Shell) -> str:
    from edge_agent.board import fit, machine

    return fit(machine(), shell.settings.agent.board).cpu
