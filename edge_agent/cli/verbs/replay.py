"""Play a recording into the agent, or a changed pipeline over what the ledger holds."""

import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

import click
import msgspec

from edge_agent.cli.agent import Agent
from edge_agent.cli.group import verb
from edge_agent.cli.options import MOMENT, in_home
from edge_agent.cli.problems import text_of
from edge_agent.cli.replay_text import show_replay
from edge_agent.cli.shell import Shell, counted
from schemas.api import Message
from schemas.problem import Position, Problem, UserError
from schemas.replays import Recorded, ReplayRequest

BATCH = 500
TURN_SECONDS = 0.02
MOST_PROBLEMS = 20


@verb
@click.argument(
    "file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--speed", type=click.FloatRange(0), default=1.0, help="2: double; 0: at once.")
@click.option("--publish", is_flag=True, help="Send them to the broker instead.")
@click.option(
    "--pipeline",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Play this pipeline file over what the ledger holds; nothing is performed.",
)
@click.option("--since", type=MOMENT, help="With --pipeline: from then on: 18:00, 2d.")
@click.option("--until", type=MOMENT, help="With --pipeline: until then; now by default.")
@click.option("--compare", is_flag=True, help="With --pipeline: beside what the live version did.")
def command(
    shell: Shell,
    file: Path | None,
    speed: float,
    publish: bool,
    pipeline: Path | None,
    since: datetime | None,
    until: datetime | None,
    compare: bool,
) -> None:
    """Play a recording into the agent, or a changed pipeline over what the ledger holds.

    FILE holds MQTT messages, a JSON object a line: ts, topic, payload (and retain, qos, base64);
    they come in their own time or faster. With --pipeline nothing comes and nothing is sent: it
    tells the runs the pipelines of that file would have made, as fast as it can.
    """
    if pipeline is not None:
        _rerun(shell, pipeline, since, until, compare=compare)
        return
    if file is None:
        raise click.UsageError("Give a FILE to play, or --pipeline.")
    lines = read_recording(file)
    with shell.agent() as agent, shell.bar(len(lines), f"replaying {file.name}") as advance:
        for batch in in_time(lines, speed):
            _send(agent, batch, publish)
            advance(len(batch))
    shell.show({"sent": len(lines)}, lambda: shell.note(f"sent {counted(len(lines), 'message')}"))


def _rerun(
    shell: Shell, file: Path, since: datetime | None, until: datetime | None, *, compare: bool
) -> None:
    if since is None:
        raise click.UsageError("--pipeline needs --since: from when on to play it.")
    end = None if until is None else in_home(until, shell.zone)
    request = ReplayRequest(text_of(file), in_home(since, shell.zone), file.name, end, compare)
    with shell.agent() as agent, shell.progress(f"playing {file.name}"):
        report = agent.replay(request)
    shell.show(report, lambda: show_replay(shell, report))


def read_recording(file: Path) -> list[tuple[float, Recorded]]:
    """The lines with their times in seconds from the first, in order.

    Raises:
        UserError: with a problem for every line that is none, up to twenty.
    """
    lines, problems = [], list[Problem]()
    for number, text in enumerate(file.read_bytes().splitlines(), 1):
        if len(problems) == MOST_PROBLEMS:
            break
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
        Message(m.topic, m.payload, m.base64, m.retain, m.qos, publish)  # type: ignore[arg-type]
        for m in batch
    ]
    agent.send(messages)


def _seconds(ts: float | str) -> float:
    return datetime.fromisoformat(ts).timestamp() if isinstance(ts, str) else ts
