"""Say which message tells a device something, by its firmware profile."""

import sys
from typing import Any

import click

from edge_agent.cli.group import verb
from edge_agent.cli.lines import each_line, profiles_of
from edge_agent.cli.options import assignments
from edge_agent.cli.problems import mistake
from edge_agent.cli.shell import Shell


@verb
@click.argument("firmware", required=False)
@click.argument("device", required=False)
@click.argument("action", required=False)
@click.argument("values", nargs=-1, metavar="[KEY=VALUE]…")
@click.option("--instance", help="Which of several equal properties (l1, 0).")
@click.option("--jsonl", is_flag=True, help="Read a JSON object a line on stdin, write one a line.")
def command(
    shell: Shell,
    firmware: str | None,
    device: str | None,
    action: str | None,
    values: tuple[str, ...],
    instance: str | None,
    jsonl: bool,
) -> int:
    """Say which message tells a device something, by its firmware profile.

    \b
    hearth encode zigbee2mqtt lamp set brightness=50
    hearth encode --jsonl < intents.jsonl
    """
    from edge_agent.devices.lines import encode_line

    profiles = profiles_of(shell)
    if jsonl:
        return each_line(sys.stdin.buffer, lambda line: encode_line(line, profiles))
    if not (firmware and device and action):
        raise click.UsageError("FIRMWARE DEVICE ACTION are needed, or --jsonl.")
    line = {"firmware": firmware, "device": device, "intent": _intent(action, values, instance)}
    try:
        sent = encode_line(line, profiles)
    except LookupError as error:
        raise mistake(str(error)) from None
    shell.show(sent, lambda: _tell(shell, sent))
    return 0


def _intent(action: str, values: tuple[str, ...], instance: str | None) -> dict[str, Any]:
    """What `hearth encode --jsonl` reads as `intent`."""
    where = {"instance": instance} if instance else {}
    given = assignments(values)
    return {"set": given, **where} if action == "set" else {"action": action, **given, **where}


def _tell(shell: Shell, sent: dict[str, Any]) -> None:
    for message in (sent, *sent.get("more", ())):
        shell.say(f"{message['topic']} {message['payload']}")
