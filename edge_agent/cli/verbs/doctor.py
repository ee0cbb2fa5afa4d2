"""Look for what may be wrong: versions, files, broker, ledger, clock, ports."""

import os
from collections.abc import Iterator

import click

from edge_agent.cli import checkup
from edge_agent.cli.checkup import Finding
from edge_agent.cli.group import verb
from edge_agent.cli.problems import Outside
from edge_agent.cli.shell import Shell, home_directory
from schemas.problem import Problem, UserError

MARKS = {"good": ("✓", "green"), "warning": ("!", "yellow"), "bad": ("✗", "red")}


@verb
def command(shell: Shell) -> int:
    """Look for what may be wrong: versions, files, broker, ledger, clock, ports."""
    findings = []
    for finding in _findings(shell):
        findings.append(finding)
        if not shell.json:
            _tell(shell, finding)
    if shell.json:
        shell.show(findings, lambda: None)
    return 1 if any(finding.state == "bad" for finding in findings) else 0


def _findings(shell: Shell) -> Iterator[Finding]:
    yield from checkup.machine()
    home = home_directory(shell.chosen)
    if not home.is_dir():
        yield Finding("bad", "home", f"{home} is not there", f"hearth init {home}")
        return
    yield Finding("good", "home", str(home.resolve()))
    problems = _problems(shell)
    for problem in problems:
        state = "bad" if problem.severity == "error" else "warning"
        yield Finding(state, "settings", f"{problem.at}: {problem.text}", problem.hint)
    yield from checkup.files(home)
    if any(problem.severity == "error" for problem in problems):
        return
    with shell.progress("asking around"):
        found = [
            *checkup.board(shell.settings),
            *checkup.clock(shell.settings),
            *checkup.broker(shell.settings, home),
            *checkup.gateway(shell.settings, home),
            *checkup.prefect(shell.settings, home),
            *_ledger(shell),
        ]
    yield from found


def _problems(shell: Shell) -> list[Problem]:
    from pipelines.settings import load_devices, load_settings

    return load_settings(shell.home, os.environ)[1] + load_devices(shell.home)[1]


def _ledger(shell: Shell) -> Iterator[Finding]:
    sql = "select count(*) as runs, (select count(*) from events) as events from runs"
    try:
        with shell.agent() as agent:
            row = agent.query(sql, {}).rows[0]
    except (Outside, UserError) as error:
        yield Finding("bad", "ledger", str(error))
        return
    yield Finding("good", "ledger", f"{row['runs']} runs and {row['events']} events kept")


def _tell(shell: Shell, finding: Finding) -> None:
    mark, colour = MARKS[finding.state]
    shell.say(f"{click.style(mark, fg=colour)} {finding.what:9} {finding.text}")
    if finding.hint:
        shell.say(f"            hint: {finding.hint}")
