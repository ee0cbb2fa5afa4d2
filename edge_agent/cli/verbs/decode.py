"""Say what a message means, by the firmware profiles: readings, availability, events."""

import sys
from pathlib import Path
from typing import Any

import click

from edge_agent.cli.group import verb
from edge_agent.cli.lines import each_line, profiles_of
from edge_agent.cli.problems import mistake
from edge_agent.cli.shell import Shell, to_json

VALUE_COLUMNS = 40


@verb
@click.argument("topic", required=False)
@click.argument("payload", required=False, default="")
@click.option("--retain", is_flag=True, help="It is a kept message.")
@click.option("--jsonl", is_flag=True, help="Read a JSON object a line on stdin, write one a line.")
@click.option("--setup", type=click.Path(exists=True, path_type=Path), metavar="FILE",
              help="Messages before it (JSON Lines: topic, payload), a device list.")  # fmt: skip
@click.option("--explain", is_flag=True, help="Say which rule read it, and what each key became.")
def command(
    shell: Shell,
    topic: str | None,
    payload: str,
    retain: bool,
    jsonl: bool,
    setup: Path | None,
    explain: bool,
) -> int:
    """Say what a message means, by the firmware profiles: readings, availability, events.

    \b
    hearth decode zigbee2mqtt/lamp '{"state": "ON", "brightness": 127}'
    hearth decode --explain tele/plug/SENSOR '{"ENERGY": {"Power": 12}}'
    hearth decode --jsonl < messages.jsonl
    """
    from edge_agent.devices.lines import UNKNOWN, decode_line, explain_line

    read, profiles = explain_line if explain else decode_line, profiles_of(shell)
    if jsonl:
        return each_line(sys.stdin.buffer, lambda line: read(line, profiles))
    if topic is None:
        raise click.UsageError("Missing argument 'TOPIC', or --jsonl.")
    before = list(_messages(setup)) if setup else []
    line = {"topic": topic, "payload": payload, "retain": retain, "setup": before}
    decoded = read(line, profiles)
    if decoded["firmware"] == UNKNOWN:
        raise mistake(f"no profile knows the topic {topic}", "`hearth devices --scan 30s` looks")
    shell.show(decoded, lambda: _tell(shell, decoded))
    return 0


def _messages(file: Path) -> Any:
    import msgspec

    return (msgspec.json.decode(line) for line in file.read_bytes().splitlines() if line.strip())


def _tell(shell: Shell, decoded: dict[str, Any]) -> None:
    told = dict(decoded)
    keys = told.pop("explain", ())
    for key in ("firmware", "device", "key", "channel", "available", "rule"):
        if told.get(key) is not None:
            shell.say(f"{key:9} {told.pop(key)}")
    if readings := told.pop("readings", None):
        columns = ("property", "instance", "value", "unit")
        shell.table(columns, [[reading.get(column) for column in columns] for reading in readings])
    if keys:
        rows = [[each["key"], _short(each["value"]), _became(each)] for each in keys]
        shell.table(("key", "value", "became"), rows)
    for key, value in told.items():
        if value not in (None, [], {}):
            shell.say(f"{key:9} {to_json(value, indent=-1)}")


def _became(explained: dict[str, Any]) -> str:
    readings = (
        " ".join(
            str(part)
            for part in (each["property"], each["instance"], each["value"], each["unit"])
            if part is not None
        )
        for each in explained["readings"]
    )
    return ", ".join(readings) or "-"


def _short(value: Any) -> str:
    text = to_json(value, indent=-1)
    return text if len(text) <= VALUE_COLUMNS else f"{text[: VALUE_COLUMNS - 1]}…"
