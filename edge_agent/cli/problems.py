"""How a verb ends when it cannot do its work, and how problems are told."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from schemas.problem import Position, Problem, UserError


class Outside(Exception):
    """Something outside failed (broker, database, network); the text says what and where."""


def mistake(text: str, hint: str = "") -> UserError:
    """The user's mistake on the command line, to be raised."""
    return UserError(Problem(Position("hearth"), text, hint))


def text_of(file: Path) -> str:
    """What a file that the command line names says.

    Raises:
        UserError: it is no text.
    """
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        text = f"not UTF-8 text (byte {error.start})"
        raise UserError(Problem(Position(str(file)), text)) from None


@contextmanager
def written_to(file: Path) -> Iterator[None]:
    """Let an error name the file that is written to: those of an open file do not."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or str(file)
        raise


def tell(problems: Iterable[Problem], *, err: bool = True) -> None:
    """Print each problem as `file:line:col: error: text`, with its hint on a line of its own."""
    for problem in problems:
        colour = "red" if problem.severity == "error" else "yellow"
        severity = click.style(problem.severity, fg=colour, bold=True)
        where = str(problem.at)
        click.echo(f"{f'{where}: ' if where else ''}{severity}: {problem.text}", err=err)
        if problem.hint:
            click.echo(f"  hint: {problem.hint}", err=err)
