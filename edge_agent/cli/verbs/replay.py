"""Play a recording of MQTT messages into the agent, in its own time or faster."""

import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import msgspec

from edge_agent.cli.agent import Agent
from edge_agent.cli.group import verb
from edge_agent.cli.shell import Shell
from schemas.api import Message
from schemas.problem import Position, Problem, UserError

BATCH = 500
TURN_SECONDS = 0.02


class Recorded(msgspec.Struct, frozen=True):
    """One line of a recording; `ts` is in epoch seconds or RFC 3339."""

    ts: float | str
    topic: str
    payload: Any = ""
    retain: bool = False
    qos: int = 0


@verb
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--speed", type=click.FloatRange(0), default=1.0, help="2: double; 0: at once.")
@click.option("--publish", is_flag=True, help="Send them to the broker instead.")
def command(shell: Shell, file: Path, speed: float, publish: bool) -> None:
    """Play a recording of MQTT messages into the agent, in its own time or faster.

    FILE holds a JSON object a line: ts, topic, payload (and retain, qos).
    """
    lines = read_recording(file)
    with shell.agent() as agent, shell.bar(len(lines), f"replaying {file.name}") as advance:
        for batch in in_time(lines, speed):
            _send(agent, batch, publish)
            advance(len(batch))
    shell.show({"sent": len(lines)}, lambda: shell.note(f"sent {len(lines)} messages"))


def read_recording(file: Path) -> list[tuple[float, Recorded]]:
    """The lines with their times in seconds from the first, in order.

    Raises:
        UserError: with a problem for every line that is none.
    """
    lines, problems = [], []
    for number, text in enumerate(file.read_bytes().splitlines(), 1):
        if not text.strip():
            continue
        try:
            line = msgspec.json.decode(text, type=Recorded)
            lines.append((_seconds(line.ts), line))
        except (msgspec.MsgspecError, ValueError) as error:
            at = Position(str(file), number, 1)
            problems.append(Problem(at, str(error), 'write {"ts": …, "topic": …, "payload": …}'))
    if problems:
        raise UserError(*problems)
    start = min((ts for ts, _ in lines), default=0.0)
    return sorted(((ts - start, line) for ts, line in lines), key=lambda pair: pair[0])


def in_time(lines: Iterable[tuple[float, Recorded]], speed: float) -> Iterator[list[Recorded]]:
    """Batches of lines, each when it is due; `speed` 0 does not wait."""
    begun, batch = time.monotonic(), list[Recorded]()
    for offset, line in lines:
        due = begun + offset / speed if speed else 0.0
        ahead = due - time.monotonic()
        if batch and (ahead > TURN_SECONDS or len(batch) >= BATCH):
            yield batch
            batch = []
            ahead = due - time.monotonic()
        if ahead > TURN_SECONDS:
            time.sleep(ahead)
        batch.append(line)
    if batch:
        yield batch


def _send(agent: Agent, batch: list[Recorded], publish: bool) -> None:
    messages = [
        Message(m.topic, m.payload, retain=m.retain, qos=m.qos, publish=publish)  # type: ignore[arg-type]
        for m in batch
    ]
    agent.send(messages)


def _seconds(ts: float | str) -> float:
    return datetime.fromisoformat(ts).timestamp() if isinstance(ts, str) else ts
