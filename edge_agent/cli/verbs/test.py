"""Play the tests of pipelines and blueprints on a virtual clock, without a broker."""

import os
from pathlib import Path

import click

from edge_agent.cli.group import verb
from edge_agent.cli.problems import Outside, tell
from edge_agent.cli.shell import Shell


@verb
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]…")
@click.option("-k", "pattern", metavar="TEXT", help="Only tests with this in their name or file.")
@click.option("--coverage", is_flag=True, help="Show which ways of each pipeline were not taken.")
@click.option("--junit", type=click.Path(path_type=Path), metavar="FILE", help="Write JUnit XML.")
@click.option("--ledger", "on_disk", is_flag=True, help="Play on real ledgers on disk; slower.")
def command(
    shell: Shell,
    paths: tuple[Path, ...],
    pattern: str | None,
    coverage: bool,
    junit: Path | None,
    on_disk: bool,
) -> int:
    """Play the `tests:` of pipelines and blueprints on a virtual clock, without a broker.

    With PATH only these files, or the files in these folders. Exits 1 when a test has failed, when
    a file has problems, or when there is no test at all.
    """
    from edge_agent.cli.test_text import show_coverage, show_outcome, show_summary
    from edge_agent.rehearsal.files import missing
    from edge_agent.rehearsal.junit import junit_xml
    from edge_agent.rehearsal.suite import Rehearsed, Wish

    if absent := missing(paths):
        tell(absent)
        return 1
    home = None
    if len(paths) == 1 and (paths[0] / "hearth.yaml").is_file():
        home, paths = paths[0], ()
    elif shell.chosen is not None or not paths:
        home = shell.home
    wish = Wish(dict(os.environ), (pattern or "").lower(), on_disk, coverage)
    tests = Rehearsed(home, paths, wish)
    for outcome in tests.outcomes():
        if not shell.json:
            show_outcome(shell, outcome)
    report = tests.report()
    if junit is not None:
        _write(junit, junit_xml(report))
    if coverage and not shell.json:
        show_coverage(shell, report)
    shell.show(report, lambda: show_summary(shell, report))
    broken = any(problem.severity == "error" for problem in report.problems)
    return 0 if report.passed and not report.failed and not broken else 1


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise Outside(f"{path} cannot be written: {error.strerror}") from error
