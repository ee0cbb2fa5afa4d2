"""Write the MQTT messages that come, or that came, to a file that `hearth replay` plays."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import click

from edge_agent.cli.group import verb
from edge_agent.cli.options import DURATION, MOMENT, in_home
from edge_agent.cli.problems import written_to
from edge_agent.cli.reach import broker_of
from edge_agent.cli.recording import line, listen
from edge_agent.cli.shell import Shell, counted
from schemas.replays import Recorded, RecordedQuery


@verb
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--topic", default="#", show_default=True, help="Only topics of this filter.")
@click.option("--for", "seconds", type=DURATION, help="End after a while: 10m; else with Ctrl-C.")
@click.option("--since", type=MOMENT, help="What came since then, from the ledger: 18:00, 2h.")
@click.option("--until", type=MOMENT, help="With --since: what came before then.")
def command(
    shell: Shell,
    file: Path,
    topic: str,
    seconds: float | None,
    since: datetime | None,
    until: datetime | None,
) -> None:
    """Write the MQTT messages that come, or that came, to a file that `hearth replay` plays.

    FILE gets a JSON object a line: ts, topic, payload, retain; a binary payload as base64. With
    --since they come out of the ledger, which keeps what the agent has heard.
    """
    count = 0
    with written_to(file), file.open("wb") as out:
        if since is not None:
            query = RecordedQuery(
                in_home(since, shell.zone), until and in_home(until, shell.zone), topic
            )
            count = _from_ledger(shell, query, out)
        else:
            count = _from_broker(shell, topic, seconds, out)
    shell.show({"recorded": count}, lambda: shell.note(f"recorded {counted(count, 'message')}"))


def _from_ledger(shell: Shell, query: RecordedQuery, out: BinaryIO) -> int:
    import msgspec

    count = 0
    with shell.agent() as agent, shell.progress("reading the ledger"):
        while True:
            page = agent.recorded(query)
            out.writelines(map(line, page.items))
            count += len(page.items)
            if page.next is None:
                return count
            query = msgspec.structs.replace(query, cursor=page.next)


def _from_broker(shell: Shell, topic: str, seconds: float | None, out: BinaryIO) -> int:
    count = 0

    def write(recorded: Recorded) -> None:
        nonlocal count
        count += 1
        out.write(line(recorded))
        out.flush()

    mqtt = broker_of(shell.home, shell.settings)
    shell.note(f"recording {topic}" + ("; Ctrl-C ends" if seconds is None else ""))
    try:
        asyncio.run(listen(shell.home, shell.settings, mqtt, write, topic=topic, seconds=seconds))
    except KeyboardInterrupt:
        shell.note("")
    return count
