"""Run another version beside the live one: it sees every event, does nothing, and is compared."""

import time
from collections.abc import Iterator
from pathlib import Path

import click

from edge_agent.cli.agent import RunningAgent
from edge_agent.cli.group import verb
from edge_agent.cli.options import DURATION
from edge_agent.cli.problems import text_of
from edge_agent.cli.reach import running
from edge_agent.cli.shadow_text import side_lines
from edge_agent.cli.shell import Shell
from schemas.shadows import ShadowFiring, ShadowReport, ShadowSide, StartShadow

COLUMNS = ("time", "pipeline", "event", "verdict", "live did", "candidate would")
ASK_EVERY = 1.0
_WIDE = 60


@verb
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--for", "seconds", type=DURATION, help="End after a while: 1h; else with Ctrl-C.")
@click.option("--all", "every", is_flag=True, help="Also show firings in which both did the same.")
def command(shell: Shell, file: Path, seconds: float | None, every: bool) -> None:
    """Run another version beside the live one: it sees every event, does nothing, and is compared.

    FILE holds one pipeline or several, with the ids of those that run. Their state (memory, timers,
    throttles) begins as a copy of the live ones'. Shows, firing by firing, what the live version
    did and what the one in FILE would have done.
    """
    agent = running(shell.home)
    report = agent.start_shadow(StartShadow(text_of(file), file.name))
    shell.note(f"watching {', '.join(report.pipelines)}; Ctrl-C ends and compares")
    for name in report.without:
        shell.note(f"no live version of {name} runs: there is nothing to compare it with")
    try:
        with shell.progress("watching"):
            _wait(agent, report.id, seconds)
    except KeyboardInterrupt:
        shell.note("")
    report = agent.stop_shadow(report.id)
    shell.show(report, lambda: _tell(shell, report, every=every))


def _wait(agent: RunningAgent, identity: str, seconds: float | None) -> None:
    """Ask now and then, so that the agent knows somebody is still there."""
    end = None if seconds is None else time.monotonic() + seconds
    while end is None or time.monotonic() < end:
        time.sleep(ASK_EVERY if end is None else max(0.0, min(ASK_EVERY, end - time.monotonic())))
        agent.shadow(identity)


def _tell(shell: Shell, report: ShadowReport, *, every: bool) -> None:
    shown = [each for each in report.firings if every or each.verdict != "same"]
    if shown:
        shell.table(COLUMNS, [line for each in shown for line in _rows(shell, each)])
    counted = ", ".join(f"{count} {verdict}" for verdict, count in report.totals.items())
    fired = sum(report.totals.values())
    word = "firing" if fired == 1 else "firings"
    shell.say(f"{fired} {word}: {counted}" if counted else "nothing fired")


def _rows(shell: Shell, firing: ShadowFiring) -> Iterator[tuple[str, ...]]:
    """A firing as lines: what each version did stands side by side."""
    head = (
        f"{firing.ts.astimezone(shell.zone):%H:%M:%S}",
        firing.pipeline,
        f"{firing.channel} {firing.source}"[:_WIDE],
        firing.verdict,
    )
    live, candidate = list(_lines(firing.live)), list(_lines(firing.candidate))
    for place in range(max(len(live), len(candidate), 1)):
        pair = (side[place] if place < len(side) else "" for side in (live, candidate))
        yield (*(head if place == 0 else ("",) * len(head)), *pair)


def _lines(side: ShadowSide | None) -> Iterator[str]:
    lines = ("did not run",) if side is None else side_lines(side)
    return (line[:_WIDE] for line in lines)
