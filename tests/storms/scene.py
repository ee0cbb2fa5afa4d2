"""What a storm needs: a home with one pipeline, the agent as a process, and a strict meter."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.mqtt.line import Peer
from tests.servers import Mosquitto

SOAK = bool(os.environ.get("SOAK"))
BROKER = "max_inflight_messages 1000\nmax_queued_messages 100000\nautosave_interval 1"
PIPELINE = """
id: storm
mode: parallel
max: 1000
max_exceeded: warn
triggers:
  - mqtt: {topic: storm/in, qos: 1}
steps:
  - publish: {topic: storm/out, payload: "{{ trigger.payload.seq }}", qos: 1}
"""
SETTINGS = """
agent: {{name: storm}}
mqtt: {{host: 127.0.0.1, port: {port}}}
gateway: {{enabled: false}}
"""
PATIENCE = 120.0


def hearth(*arguments: str, home: Path) -> list[str]:
    """The command line of `hearth`."""
    start = "import sys; from edge_agent.cli import main; sys.exit(main())"
    return [sys.executable, "-c", start, *arguments, "--home", str(home)]


class Agent:
    """`hearth up` as a process that can be killed and started again."""

    def __init__(self, home: Path, port: int, pipelines: str = PIPELINE) -> None:
        self.home = home
        self.kills = 0
        self._process: subprocess.Popen[bytes] | None = None
        (home / "pipelines").mkdir(parents=True)
        (home / "pipelines" / "storm.yaml").write_text(pipelines, encoding="utf-8")
        (home / "hearth.yaml").write_text(SETTINGS.format(port=port), encoding="utf-8")

    @property
    def log(self) -> str:
        """What it has said so far."""
        return (self.home / "log").read_text(encoding="utf-8", errors="replace")

    @property
    def connected_at(self) -> float:
        """When it last found its broker (epoch seconds)."""
        lines = [json.loads(line) for line in self.log.splitlines() if line.startswith("{")]
        times = [line["ts"] for line in lines if line["event"] == "broker connected"]
        return datetime.fromisoformat(times[-1]).timestamp()

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it; returns at once."""
        with (self.home / "log").open("ab") as log:
            self._process = subprocess.Popen(hearth("up", home=self.home), stdout=log, stderr=log)

    def kill(self) -> None:
        """kill -9."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self.kills += 1

    def stop(self) -> int:
        """Ctrl-C; returns the exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(PATIENCE)

    def query(self, sql: str) -> list[dict[str, Any]]:
        """Ask the ledger of an agent that does not run."""
        done = subprocess.run(
            hearth("query", sql, "--json", home=self.home), capture_output=True, check=True
        )
        rows: list[dict[str, Any]] = json.loads(done.stdout)
        return rows

    def numbers(self, sql: str) -> list[int]:
        """The numbers in the column `n` of a question, however many there are."""
        digits = r"regexp_extract(n, '\d+')"
        text = self.query(f"select string_agg({digits}) as all_of_them from ({sql})")
        return [int(number) for number in text[0]["all_of_them"].split(",")]


class Meter(Peer):
    """Publishes numbered events and remembers which runs answered each."""

    patience = PATIENCE

    def __init__(self, broker: Mosquitto) -> None:
        super().__init__(broker.port, name="meter", keep=True)
        self.sent = 0

    async def stream(self, rate: float, seconds: float) -> None:
        """Publish events at this rate for this long, on time."""
        loop = asyncio.get_running_loop()
        begin = loop.time()
        for i in range(round(rate * seconds)):
            await asyncio.sleep(max(0.0, begin + i / rate - loop.time()))
            await self.one()

    async def one(self) -> None:
        """Publish the next event; returns when the broker has it."""
        payload = b'{"seq": %d}' % self.sent
        self.sent += 1
        await self.publish("storm/in", payload, 1)

    @property
    def answers(self) -> dict[int, list[str]]:
        """The runs that answered each event, in order of arrival."""
        found: dict[int, list[str]] = defaultdict(list)
        for message in list(self.messages):
            properties = dict(getattr(message.properties, "UserProperty", ()))
            found[int(bytes(message.payload))].append(properties.get("run", ""))
        return found

    async def all_answered(self) -> None:
        """Wait until every event has been answered."""
        await self.until(lambda: len({bytes(m.payload) for m in self.messages}) >= self.sent)


def account(agent: Agent, meter: Meter) -> tuple[int, int]:
    """Compare what was sent, what the ledger holds and what came back; the agent is stopped.

    Returns how many answers were repeated, and how many events were recorded again (the meter
    itself may publish twice when its broker goes away). Every event must be recorded and
    answered, and its answers must carry the ids of exactly the runs that the ledger knows.
    """
    recorded = agent.numbers("select payload as n from events where source = 'storm/in'")
    lost = sorted(set(range(meter.sent)) - set(recorded))
    assert not lost, f"{len(lost)} of {meter.sent} events are lost: {lost[:20]}"
    runs: dict[int, set[str]] = defaultdict(set)
    known = "select string_agg(run || ' ' || payload) as runs from effects where target = "
    for pair in agent.query(known + "'storm/out'")[0]["runs"].split(","):
        run, seq = pair.split()
        runs[int(seq)].add(run)
    answers = meter.answers
    assert {seq: set(ids) for seq, ids in answers.items()} == runs
    assert sorted(runs) == list(range(meter.sent))
    repeated = sum(len(ids) - len(set(ids)) for ids in answers.values())
    return repeated, len(recorded) - meter.sent


def report(text: str) -> None:
    """Say what was measured."""
    sys.stdout.write(f"\n{text}\n")
