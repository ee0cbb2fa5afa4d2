"""What a verb works with: the home it is about, and how it speaks to a person or a machine."""

import os
import socket
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click
import msgspec

from schemas.problem import Position, Problem, UserError

if TYPE_CHECKING:
    from edge_agent.cli.agent import Agent
    from schemas.settings import Settings


class Shell:
    """One call of a verb."""

    def __init__(self, *, home: Path | None, json: bool, verbose: bool) -> None:
        self.chosen = home
        self.json = json
        self.verbose = verbose

    @property
    def home(self) -> Path:
        """The home directory, which must exist.

        Raises:
            UserError: there is none.
        """
        home = home_directory(self.chosen)
        if not home.is_dir():
            hint = f"make one with `{hearth_command()} init {home}`"
            raise UserError(Problem(Position(str(home)), "no home here", hint))
        return home

    @cached_property
    def settings(self) -> "Settings":
        """The home's settings.

        Raises:
            UserError: `hearth.yaml` or the environment is wrong.
        """
        from pipelines.settings import load_settings

        settings, problems = load_settings(self.home, os.environ)
        if errors := [problem for problem in problems if problem.severity == "error"]:
            raise UserError(*errors)
        if settings.agent.name:
            return settings
        agent = msgspec.structs.replace(settings.agent, name=socket.gethostname())
        return msgspec.structs.replace(settings, agent=agent)

    @cached_property
    def zone(self) -> ZoneInfo:
        """The home's time zone."""
        return ZoneInfo(self.settings.agent.time_zone)

    def show(self, value: Any, render: Callable[[], object]) -> None:
        """Print the value as JSON where that was asked for, else call what prints it for people."""
        if self.json:
            click.echo(to_json(value))
        else:
            render()

    def say(self, text: str = "") -> None:
        """Print a line; colours are left out where the output is no terminal."""
        click.echo(text)

    def note(self, text: str) -> None:
        """Tell the person something that is no result."""
        click.echo(text, err=True)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Print rows under their columns: a drawn table on a terminal, else aligned text."""
        from edge_agent.cli.tables import print_table

        print_table(columns, [[_cell(value) for value in row] for row in rows])

    def moment(self, when: datetime) -> str:
        """A time as people read it, in the home's zone."""
        return f"{when.astimezone(self.zone):%Y-%m-%d %H:%M:%S}"

    def took(self, start: datetime, end: datetime | None) -> str:
        """How long something took; nothing where it goes on, or the clock was set back."""
        if end is None or end < start:
            return ""
        ms = (end - start).total_seconds() * 1000
        return f"{ms:.1f} ms" if ms < 1000 else f"{ms / 1000:.1f} s"

    @contextmanager
    def agent(self) -> Iterator["Agent"]:
        """The agent that holds the home; one of our own for this call when none does."""
        from edge_agent.cli.reach import reach

        with reach(self.home, self.settings) as agent:
            yield agent

    @contextmanager
    def bar(self, total: int, text: str) -> Iterator[Callable[[int], None]]:
        """A progress bar on a terminal; gives what advances it."""
        if not sys.stderr.isatty() or self.json:
            yield lambda count: None
            return
        from rich.console import Console
        from rich.progress import Progress

        with Progress(console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task(text, total=total)
            yield lambda count: progress.advance(task, count)

    @contextmanager
    def progress(self, text: str) -> Iterator[None]:
        """Show on a terminal that something is going on; for all that may take over a second."""
        if not sys.stderr.isatty() or self.json:
            yield
            return
        from rich.console import Console

        with Console(stderr=True).status(text):
            yield


def hearth_command() -> str:
    """How this command is called from here, for hints that can be pasted."""
    import shutil

    if shutil.which("hearth"):
        return "hearth"
    beside = str(Path(sys.executable).with_name("hearth"))
    near = os.path.relpath(beside)
    return beside if near.startswith("..") else near


def counted(number: int, what: str) -> str:
    """So many things in words: `no errors`, `1 error`, `2 errors`."""
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"


def home_directory(chosen: Path | None) -> Path:
    """`--home`, else HEARTH_HOME, else here if here is a `hearth.yaml`, else `~/.hearth`."""
    if chosen:
        return chosen
    if named := os.environ.get("HEARTH_HOME"):
        return Path(named).expanduser()
    here = Path()
    return here if (here / "hearth.yaml").exists() else Path.home() / ".hearth"


def to_json(value: Any, *, indent: int = 2) -> str:
    """JSON text of a value made of our structs and plain data.

    `indent` 0: on one line; -1: without spaces, too.
    """
    return msgspec.json.format(msgspec.json.encode(value), indent=indent).decode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return value if isinstance(value, str) else to_json(value, indent=0)
