"""What pipelines would have done, for a person: a line a run, and how many of each verdict."""

from collections.abc import Iterable, Iterator

import click

from edge_agent.cli.shadow_text import side_lines
from edge_agent.cli.shell import Shell
from schemas.replays import ReplayReport
from schemas.shadows import ShadowFiring, ShadowSide

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


def _side(side: ShadowSide | None) -> Iterable[str]:
    return () if side is None else (line[:_WIDE] for line in side_lines(side))
