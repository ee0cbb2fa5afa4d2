"""The answer to "why did it not run" for a person: one sentence, then what each trigger saw."""

from collections.abc import Iterator
from typing import Any

import click

from edge_agent.cli.shell import Shell, to_json
from schemas.why import Finding, TriggerWhy, WhyNot


def show_why(shell: Shell, answer: WhyNot) -> None:
    """Print the whole answer."""
    colour = "green" if answer.reason == "ran" else "yellow"
    shell.say(click.style(answer.answer, fg=colour, bold=True))
    if answer.run is not None:
        shell.say(f"see `hearth trace {answer.run.id}`")
    for trigger in answer.triggers:
        shell.say()
        for line in _trigger(trigger):
            shell.say(line)
    if answer.notes:
        shell.say()
        for note in answer.notes:
            shell.say(f"note: {note}")


def _trigger(trigger: TriggerWhy) -> Iterator[str]:
    yield f"{click.style(trigger.id, bold=True)}  {trigger.trigger}"
    yield f"  {trigger.told}"
    for name, value in trigger.values.items():
        yield f"    {name} = {_value(value)}"
    for finding in trigger.findings:
        yield from _finding(finding, "  ")


def _finding(finding: Finding, indent: str) -> Iterator[str]:
    mark, colour = ("✓", "green") if finding.held else ("✗", "red")
    yield f"{indent}{click.style(mark, fg=colour)} {finding.condition}"
    for name, value in finding.values.items():
        yield f"{indent}    {name} = {_value(value)}"
    if finding.error:
        yield f"{indent}    {click.style(finding.error, fg='red')}"
    for part in finding.parts:
        yield from _finding(part, f"{indent}  ")


def _value(value: Any) -> str:
    text = to_json(value, indent=-1)
    return text if len(text) <= 200 else f"{text[:199]}…"
