"""Check everything in a home: every problem with its place and a hint."""

import os
from pathlib import Path

import click

from edge_agent.cli.group import verb
from edge_agent.cli.problems import tell
from edge_agent.cli.shell import Shell, counted


@verb
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]…")
def command(shell: Shell, paths: tuple[Path, ...]) -> int:
    """Check everything in a home: every problem with its place and a hint.

    With PATH only these pipeline files or folders, or the home that PATH is. A device that is
    neither in devices.yaml nor has reported yet is a warning, once there are some.
    """
    from edge_agent.cli.known_devices import known_devices
    from edge_agent.loading import check_home

    if len(paths) == 1 and (paths[0] / "hearth.yaml").is_file():
        shell.chosen, paths = paths[0], ()
    with shell.progress("checking"):
        known = known_devices(shell) or None
        problems = check_home(shell.home, paths, os.environ, known)
    errors = sum(problem.severity == "error" for problem in problems)
    if shell.json:
        shell.show(problems, lambda: None)
        return 1 if errors else 0
    tell(problems, err=False)
    warnings = len(problems) - errors
    told = f"{counted(errors, 'error')}, {counted(warnings, 'warning')}"
    shell.note(click.style(told, fg="red" if errors else "green"))
    return 1 if errors else 0
