"""What `hearth test` prints: a line a test, a diff for each failure, and a summary."""

import shutil
import sys

import click

from edge_agent.cli.problems import tell
from edge_agent.cli.shell import Shell
from edge_agent.rehearsal.failure_text import failure_lines
from schemas.outcomes import Outcome, SuiteReport

_COLOURS = {"expected": "red", "happened": "green", "bad": "red", "good": "green"}
_INDENT = 4


def show_outcome(shell: Shell, outcome: Outcome) -> None:
    """Print a test's line, and why it failed."""
    mark = click.style("✓", fg="green") if outcome.passed else click.style("✗", fg="red", bold=True)
    where = f"{outcome.file}:{outcome.line}"
    took = f"{outcome.seconds * 1000:.0f} ms"
    name = outcome.name if outcome.passed else click.style(outcome.name, bold=True)
    gap = max(_width() - len(outcome.name) - len(where) - len(took) - 5, 2)
    dim = click.style(f"{where}  {took}", fg="bright_black")
    shell.say(f"{mark} {name}{' ' * gap}{dim}")
    for note in outcome.notes:
        if outcome.passed:
            shell.say(f"{' ' * _INDENT}{click.style('note', fg='yellow')}: {note}")
    for text, kind in failure_lines(outcome, _width() - _INDENT):
        colour = _COLOURS.get(kind)
        styled = click.style(text, fg=colour, bold=kind == "title" or None)
        shell.say(f"{' ' * _INDENT}{styled}" if text else "")
    if not outcome.passed:
        shell.say()


def show_coverage(shell: Shell, report: SuiteReport) -> None:
    """Print for each pipeline which ways no test has gone."""
    shell.say()
    for each in report.coverage:
        missed = [way for way in each.ways if not way.taken]
        counted = f"{len(each.ways) - len(missed)} of {len(each.ways)} ways"
        percent = click.style(f"{each.percent:5.1f} %", fg="yellow" if missed else "green")
        shell.say(f"{percent}  {click.style(each.pipeline, bold=True)}  {counted}")
        for way in missed:
            shell.say(f"         not taken: {way.what}  ({each.file}:{way.line})")
    possible = sum(len(each.ways) for each in report.coverage)
    taken = sum(way.taken for each in report.coverage for way in each.ways)
    if possible:
        shell.say(f"{100 * taken / possible:5.1f} %  of all: {taken} of {possible} ways")
    shell.say()


def show_summary(shell: Shell, report: SuiteReport) -> None:
    """Print what is wrong with the files, and the count of all."""
    tell(report.problems, err=False)
    if not report.tests:
        hint = "give a pipeline `tests: [{name: …, script: [{publish: …}, {expect: …}]}]`"
        shell.say(f"no tests found\n  hint: {hint}" if not report.problems else "no tests played")
        return
    counts = [f"{report.passed} passed"]
    if report.failed:
        counts.insert(0, f"{report.failed} failed")
    colour = "red" if report.failed or report.problems else "green"
    shell.say(click.style(f"{', '.join(counts)} in {report.seconds:.2f} s", fg=colour, bold=True))


def _width() -> int:
    """Columns to write in: those of the terminal, 80 elsewhere."""
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else 80
    return min(columns, 110)
