"""What pipelines would have done, for a person: a line a run, and how many of each verdict."""

from collections.abc import Iterator

import click

from edge_agent.cli.shell import Shell, to_json
from schemas.replays import ReplayReport
from schemas.shadows import Action, ShadowFiring, ShadowSide

_MARKS = {
    "same": ("=", "bright_black"),
    "new": ("+", "green"),
    "would run": ("+", "green"),
    "missing": ("-", "red"),
    "different": ("~", "yellow"),
}
_WIDE = 100


def show_replay(shell: Shell, report: ReplayReport) -> None:
    """Print every firing but those that are the same, then the numbers."""
    for firing in report.firings:
        if firing.verdict != "same":
            for line in _lines(shell, firing):
                shell.say(line)
    counted = ", ".join(f"{count} {verdict}" for verdict, count in report.totals.items())
    span = f"{shell.moment(report.since)} to {shell.moment(report.until)}"
    shell.say(f"{report.events} events from {span}: {counted or 'no runs'}")
    for note in report.notes:
        shell.note(note)


def _lines(shell: Shell, firing: ShadowFiring) -> Iterator[str]:
    mark, colour = _MARKS.get(firing.verdict, ("·", "cyan"))
    head = f"{mark} {shell.moment(firing.ts)} {firing.pipeline} by {firing.source}"
    yield f"{click.style(head, fg=colour)} {firing.verdict}"
    if firing.verdict == "different":
        yield from (f"    live   {text}" for text in _side(firing.live))
    yield from (f"    would  {text}" for text in _side(firing.candidate))
    if firing.verdict == "missing":
        yield from (f"    did    {text}" for text in _side(firing.live))


def _side(side: ShadowSide | None) -> Iterator[str]:
    if side is None:
        return
    if side.state != "completed":
        yield f"{side.state} {side.error}".strip()[:_WIDE]
    if not side.actions:
        yield "nothing"
    for action in side.actions:
        yield _action(action)[:_WIDE]


def _action(action: Action) -> str:
    payload = action.payload
    text = payload if isinstance(payload, str) else to_json(payload, indent=-1)
    return f"{action.kind} {action.target} {text}".strip()
