"""Show what changed between two versions of a pipeline."""

from collections.abc import Iterator
from difflib import unified_diff

import click

from edge_agent.cli.agent import Agent
from edge_agent.cli.group import verb
from edge_agent.cli.problems import mistake
from edge_agent.cli.shell import Shell
from schemas.files import VersionText

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


@verb
@click.argument("pipeline", metavar="ID")
@click.argument("old", type=int, required=False, metavar="[A]")
@click.argument("new", type=int, required=False, metavar="[B]")
def command(shell: Shell, pipeline: str, old: int | None, new: int | None) -> None:
    """Show what changed between two versions of a pipeline.

    A and B are numbers of `hearth history`: by default the version before and the newest one.
    """
    with shell.agent() as agent:
        before, after = _two(agent, pipeline, old, new)
    lines = list(_difference(pipeline, before, after))
    shell.show({"old": before, "new": after, "diff": lines}, lambda: _tell(shell, lines))


def _two(
    agent: Agent, pipeline: str, old: int | None, new: int | None
) -> tuple[VersionText, VersionText]:
    numbers = [each.number for each in agent.versions(pipeline)]
    after = numbers[0] if new is None else new
    if old is None and len(numbers) < 2:
        raise mistake(f"`{pipeline}` has one version only", "`hearth history` lists them")
    before = numbers[1] if old is None else old
    return agent.version(pipeline, before), agent.version(pipeline, after)


def _difference(pipeline: str, old: VersionText, new: VersionText) -> Iterator[str]:
    """The unified diff of the pipeline, and of each file it includes."""
    pairs = {pipeline: (old.text, new.text)}
    for name in sorted({**old.others, **new.others}):
        pairs[name] = old.others.get(name, ""), new.others.get(name, "")
    for name, (before, after) in pairs.items():
        yield from unified_diff(
            before.splitlines(),
            after.splitlines(),
            f"{name} (version {old.number})",
            f"{name} (version {new.number})",
            lineterm="",
        )


def _tell(shell: Shell, lines: list[str]) -> None:
    if not lines:
        shell.note("they say the same")
    for line in lines:
        header = line.startswith(("+++", "---"))
        colour = None if header else _COLOURS.get(line[:1])
        shell.say(click.style(line, fg=colour, bold=header) if colour or header else line)
