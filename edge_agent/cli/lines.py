"""JSON Lines on stdin, answered line by line on stdout."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click
import msgspec

from edge_agent.cli.problems import tell
from edge_agent.cli.shell import Shell, home_directory

if TYPE_CHECKING:
    from schemas.profile import Profile


def each_line(lines: Iterable[bytes], answer: Callable[[dict[str, Any]], Any]) -> int:
    """Answer every line; one that cannot be answered gets `{"error": …}`, and the exit code 1."""
    failed = 0
    for line in lines:
        if not line.strip():
            continue
        try:
            answered = answer(msgspec.json.decode(line, type=dict[str, Any]))
        except (msgspec.MsgspecError, LookupError, UnicodeDecodeError) as error:
            answered, failed = {"error": str(error)}, 1
        click.echo(msgspec.json.encode(answered))
    return failed


def profiles_of(shell: Shell) -> "list[Profile]":
    """The profiles of the home, or the shipped ones where there is no home; problems are told."""
    from edge_agent.devices.profiles import load_profiles

    home = home_directory(shell.chosen)
    profiles, problems = load_profiles(home if home.is_dir() else None)
    tell(problems)
    return profiles
