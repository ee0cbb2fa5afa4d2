"""Say what a message means, by the firmware profiles: readings, availability, events."""

import sys
from pathlib import Path
from typing import Any

import click

from edge_agent.cli.group import verb
from edge_agent.cli.lines import each_line, profiles_of
from edge_agent.cli.problems import mistake
from edge_agent.cli.shell import Shell, to_json


@verb
@click.argument("topic", required=False)
@click.argument("payload", required=False, default="")
@click.option("--retain", is_flag=True, help="It is a kept message.")
@click.option("--jsonl", is_flag=True, help="Read a JSON object a line on stdin, write one a line.")
@click.option("--setup", type=click.Path(exists=True, path_type=Path), metavar="FILE",
              help="Messages before it (JSON Lines: topic, payload), a device list.")  # fmt: skip
def command(
    shell: Shell, topic: str | None, payload: str, retain: bool, jsonl: bool, setup: Path | None
) -> int:
    """Say what a message means, by the firmware profiles: readings, availability, events.

    \b
    hearth decode zigbee2mqtt/lamp '{"state": "ON", "brightness": 127}'
    hearth decode --jsonl < messages.jsonl
    """
    from edge_agent.devices.lines import UNKNOWN, decode_line

    profiles = profiles_of(shell)
    if jsonl:
        return each_line(sys.stdin.buffer, lambda line: decode_line(line, profiles))
    if topic is None:
        raise click.UsageError("Missing argument 'TOPIC', or --jsonl.")
    before = list(_messages(setup)) if setup else []
    line = {"topic": topic, "payload": payload, "retain": retain, "setup": before}
    decoded = decode_line(line, profiles)
    if decoded["firmware"] == UNKNOWN:
        raise mistake(f"no profile knows the topic {topic}", "`hearth devices --scan 30s` looks")
    shell.show(decoded, lambda: _tell(shell, decoded))
    return 0


def _messages(file: Path) -> Any:
    import msgspec

    return (msgspec.json.decode(line) for line in file.read_bytes().splitlines() if line.strip())


def _tell(shell: Shell, decoded: dict[str, Any]) -> None:
    told = dict(decoded)
    for key in ("firmware", "device", "key", "channel", "available"):
        if told.get(key) is not None:
            shell.say(f"{key:9} {told.pop(key)}")
    if readings := told.pop("readings", None):
        columns = ("property", "instance", "value", "unit")
        shell.table(columns, [[reading.get(column) for column in columns] for reading in readings])
    for key, value in told.items():
        if value not in (None, [], {}):
            shell.say(f"{key:9} {to_json(value, indent=-1)}")
