"""Inject one MQTT message, as if the broker had sent it."""

import base64
import os
from typing import BinaryIO, Literal

import click

from edge_agent.channels.mqtt_wire import topic_field
from edge_agent.cli.group import verb
from edge_agent.cli.problems import mistake
from edge_agent.cli.shell import Shell
from schemas.api import Message


@verb
@click.argument("topic")
@click.argument("payload", default="")
@click.option("-f", "--file", type=click.File("rb"), help="What to send; - is standard input.")
@click.option("--retain", is_flag=True, help="It is a kept message.")
@click.option("--qos", type=click.IntRange(0, 2), default=0, help="Quality of service.")
@click.option("--publish", is_flag=True, help="Send it to the broker instead.")
def command(
    shell: Shell,
    topic: str,
    payload: str,
    file: BinaryIO | None,
    retain: bool,
    qos: Literal[0, 1, 2],
    publish: bool,
) -> None:
    """Inject one MQTT message, as if the broker had sent it."""
    try:
        topic_field(topic)
    except ValueError as error:
        raise mistake(str(error)) from None
    if file and payload:
        raise click.UsageError("PAYLOAD and --file exclude each other.")
    text, binary = _sendable(file.read() if file else os.fsencode(payload))
    message = Message(topic, text, binary, retain, qos, publish)
    with shell.agent() as agent:
        accepted = agent.send([message])
    shell.show({"accepted": accepted}, lambda: shell.note(f"sent to {topic}"))


def _sendable(payload: bytes) -> tuple[str, bool]:
    """The payload as text, and whether that is base64 of it, as it is no UTF-8."""
    try:
        return payload.decode(), False
    except UnicodeDecodeError:
        return base64.b64encode(payload).decode(), True
