"""Say what a sentence asks of the home, and do nothing else."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from edge_agent.cli.group import verb
from edge_agent.cli.lines import each_line
from edge_agent.cli.problems import Outside
from edge_agent.cli.shell import Shell, home_directory

if TYPE_CHECKING:
    from edge_agent.intents.asking import Understand
    from edge_agent.intents.match import Known, Matched


@verb
@click.argument("text", nargs=-1)
@click.option("--jsonl", is_flag=True, help="Read a JSON object a line on stdin, write one a line.")
@click.option("--language", type=click.Choice(("en", "de", "zh")), help="Recognised without.")
def command(shell: Shell, text: tuple[str, ...], jsonl: bool, language: str | None) -> int:
    """Say what a sentence asks of the home, and do nothing else.

    \b
    hearth ask dim the kitchen lights to 30 percent
    hearth ask --jsonl < sentences.jsonl

    Devices and areas are matched with those of the home. With `--jsonl` a line is {"text":
    "...", "language": "de"}; the language is recognised where none is given.
    """
    from edge_agent.intents.asking import answer

    understand = _understanding(shell)
    if jsonl:
        return each_line(sys.stdin.buffer, lambda line: answer(line, understand))
    if not text:
        raise click.UsageError("Missing argument 'TEXT...', or --jsonl.")
    said = " ".join(text).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    understood = answer({"text": said, "language": language}, understand)
    matched = _matched(shell, understood["slots"])
    told = {**understood, **({"matched": matched} if matched else {})}
    shell.show(told, lambda: _tell(shell, understood, matched))
    return 0


def _understanding(shell: Shell) -> "Understand":
    from edge_agent.intents.asking import understanding
    from edge_agent.models.driver import ModelError
    from edge_agent.models.start import place_of
    from schemas.settings import Settings

    home = home_directory(shell.chosen)
    try:
        return understanding(
            place_of(home, shell.settings if home.is_dir() else Settings(), "intent")
        )
    except ModelError as error:
        raise Outside(str(error)) from None


def _matched(shell: Shell, slots: dict[str, Any]) -> "Matched | None":
    """What the words for a device and an area name; None where nothing was said or is known."""
    from edge_agent.intents.match import match

    if not {"device", "area"} & slots.keys() or not home_directory(shell.chosen).is_dir():
        return None
    known = _known(shell)
    return match(slots, known) if known else None


def _known(shell: Shell) -> "Sequence[Known]":
    from edge_agent.intents.match import Known

    with shell.agent() as agent:
        return [Known(each.name, each.aliases, each.area) for each in agent.devices()]


def _tell(shell: Shell, understood: dict[str, Any], matched: "Matched | None") -> None:
    rows = [("intent", understood["intent"])]
    for slot, value in understood["slots"].items():
        rows.append((slot, f"{value}{_named(slot, matched)}"))
    if "more" in understood:
        rows.append(("more", "other commands follow; only the first is told"))
    rows.append(("confidence", f"{understood['confidence']:.0%}"))
    rows.append(("language", understood["language"]))
    for name, value in rows:
        shell.say(f"{name:<11} {value}")


def _named(slot: str, matched: "Matched | None") -> str:
    """What the home calls it."""
    if matched is None or slot not in ("device", "area"):
        return ""
    if slot == "device" and matched.candidates:
        return f"  (which one: {', '.join(matched.candidates)}?)"
    name = matched.device if slot == "device" else matched.area
    return f"  ({name})" if name else "  (not known in this home)"
