"""Inject one MQTT message, as if the broker had sent it."""

import click

from edge_agent.cli.group import verb
from edge_agent.cli.shell import Shell
from schemas.api import Message


@verb
@click.argument("topic")
@click.argument("payload", default="")
@click.option("--retain", is_flag=True, help="It is a kept message.")
@click.option("--qos", type=click.IntRange(0, 2), default=0, help="Quality of service.")
@click.option("--publish", is_flag=True, help="Send it to the broker instead.")
def command(shell: Shell, topic: str, payload: str, retain: bool, qos: int, publish: bool) -> None:
    """Inject one MQTT message, as if the broker had sent it."""
    message = Message(topic, payload, retain=retain, qos=qos, publish=publish)  # type: ignore[arg-type]
    with shell.agent() as agent:
        accepted = agent.send([message])
    shell.show({"accepted": accepted}, lambda: shell.note(f"sent to {topic}"))
