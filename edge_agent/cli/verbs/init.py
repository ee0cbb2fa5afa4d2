"""Make a home: settings, devices, secrets and a first pipeline, with comments."""

import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from edge_agent.cli.group import verb
from edge_agent.cli.new_home import Answers, local_time_zone, write_home
from edge_agent.cli.problems import mistake
from edge_agent.cli.shell import Shell, hearth_command
from schemas.problem import UserError

LATITUDE, LONGITUDE = click.FloatRange(-90, 90), click.FloatRange(-180, 180)


@verb
@click.argument("directory", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--name", help="The agent's name; the host's by default.")
@click.option("--time-zone", help="IANA time zone, Europe/Berlin.")
@click.option("--latitude", type=LATITUDE, help="Degrees north, for the sun.")
@click.option("--longitude", type=LONGITUDE, help="Degrees east.")
@click.option("--broker", metavar="HOST[:PORT]", help="MQTT broker; none: an embedded one.")
@click.option("--username", help="User name at the broker.")
@click.option("--password", help="Password at the broker; goes to secrets.yaml.")
@click.option("-y", "--yes", is_flag=True, help="Ask nothing; take flags and defaults.")
def command(shell: Shell, directory: Path, yes: bool, **given: Any) -> None:
    """Make a home: settings, devices, secrets and a first pipeline, with comments."""
    if (directory / "hearth.yaml").exists():
        raise mistake(f"{directory} is a home already", "edit its hearth.yaml, or name another DIR")
    ask = not yes and sys.stdin.isatty()
    answers = _checked(_asked(given) if ask else _defaults(given))
    written = write_home(directory, answers)
    shell.show([str(path) for path in written], lambda: _tell(shell, directory, written))


def _defaults(given: dict[str, Any]) -> dict[str, Any]:
    defaults = {"name": socket.gethostname(), "time_zone": local_time_zone()}
    return defaults | {key: value for key, value in given.items() if value not in (None, "")}


def _asked(given: dict[str, Any]) -> dict[str, Any]:
    """Ask for what no flag has told."""
    values = _defaults(given)
    if given["name"] is None:
        values["name"] = click.prompt(
            "Name of this agent", default=values["name"], value_proc=_again(_name)
        )
    if given["time_zone"] is None:
        values["time_zone"] = click.prompt(
            "Time zone", default=values["time_zone"], value_proc=_again(_zone)
        )
    if given["latitude"] is None and click.confirm("Tell the place, for sunrise and sunset?"):
        values["latitude"] = click.prompt("Latitude (degrees north)", type=LATITUDE)
        values["longitude"] = click.prompt("Longitude (degrees east)", type=LONGITUDE)
    if given["broker"] is None:
        text = "MQTT broker (HOST or HOST:PORT; empty: an embedded one)"
        values["broker"] = click.prompt(
            text, default="", show_default=False, value_proc=lambda said: _broker(said) and said
        )
    if values.get("broker") and given["username"] is None:
        values["username"] = click.prompt("User name at the broker", default="", show_default=False)
    if values.get("username") and given["password"] is None:
        values["password"] = click.prompt("Password", hide_input=True)
    return values


def _again(check: Callable[[str], str]) -> Callable[[str], str]:
    """Have a wrong answer asked for again."""

    def checked(said: str) -> str:
        try:
            return check(said)
        except UserError as error:
            wrong = error.problems[0]
            raise click.BadParameter("; ".join(filter(None, (wrong.text, wrong.hint)))) from None

    return checked


def _name(said: str) -> str:
    if set("/+#") & set(said):
        raise mistake("the name becomes part of topics: no `/`, `+` or `#`")
    return said


def _zone(said: str) -> str:
    from zoneinfo import ZoneInfo, available_timezones

    from pipelines.tree import suggest

    try:
        ZoneInfo(said)
    except (KeyError, ValueError, OSError):
        hint = suggest(said, available_timezones()) or "write it like Europe/Berlin"
        raise mistake(f"no time zone `{said}`", hint) from None
    return said


def _checked(values: dict[str, Any]) -> Answers:
    _zone(values["time_zone"])
    if (values.get("latitude") is None) != (values.get("longitude") is None):
        raise click.UsageError("--latitude and --longitude belong together.")
    host, port = _broker(values.pop("broker", ""))
    if not host and (values.get("username") or values.get("password")):
        raise click.UsageError("--username and --password are for a --broker.")
    fields = {key: value for key, value in values.items() if value not in (None, "")}
    return Answers(**fields, host=host, port=port)


def _broker(text: str) -> tuple[str, int]:
    """Its host, empty for none, and its port; an IPv6 address may stand in brackets or not."""
    from urllib.parse import urlsplit

    wrong = click.BadParameter("write it HOST or HOST:PORT.", param_hint="--broker")
    bare = text.removeprefix("mqtt://")
    if bare.count(":") > 1 and not bare.startswith("["):
        bare = f"[{bare}]"
    try:
        parts = urlsplit(f"//{bare}")
        host, port = parts.hostname or "", 1883 if parts.port is None else parts.port
    except ValueError:
        raise wrong from None
    if text and not (host and port and parts.netloc == bare and parts.username is None):
        raise wrong
    return host, port


def _tell(shell: Shell, directory: Path, written: list[Path]) -> None:
    for path in written:
        shell.say(f"wrote {path}")
    shell.say()
    shell.say("Next:")
    shell.say(f"  {hearth_command()} check --home {directory}")
    shell.say(f"  {hearth_command()} up --home {directory}")
