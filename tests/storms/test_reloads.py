"""Files reloaded again and again under load, one in three broken: nothing missed, nothing half."""

import asyncio
import json
import random
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edge_agent.cli.agent import RunningAgent
from edge_agent.cli.reach import answers
from tests.mqtt.line import Peer
from tests.servers import Mosquitto
from tests.storms.scene import BROKER, PATIENCE, SOAK, Agent, Meter, report

RELOADS = 200 if SOAK else 10
RATE = 500
FILES = 10
EVERY = 0.3
UNCHANGED = """
id: late
mode: parallel
max: 1000
triggers:
  - mqtt: {topic: storm/in, qos: 1}
    if: "{{ trigger.payload.seq % 50 == 0 }}"
steps:
  - delay: 2s
  - publish: {topic: storm/late, payload: "{{ trigger.payload.seq }}", qos: 1}
"""
HALF = """
- id: f{file}-{half}
  mode: parallel
  max: 1000
  triggers:
    - mqtt: {{topic: storm/in, qos: 1}}
      if: "{{{{ trigger.payload.seq % {files} == {file} }}}}"
  steps:
    - publish:
        topic: storm/half
        payload: {{seq: "{{{{ trigger.payload.seq }}}}", half: {half}, now: {now}}}
        qos: 1
    - if: "{{{{ trigger.payload.seq % 7 == 0 }}}}"
      delay: 1s
    - publish:
        topic: storm/end
        payload: {{seq: "{{{{ trigger.payload.seq }}}}", half: {half}, now: {now}}}
        qos: 1
"""
WRONG = ["- id: [\n", "- id: x\n  stops: []\n", "- id: f0-a\n- id: f0-a\n", "\x00"]


class Files:
    """The files that change: which generation of each is good, and which file is broken now."""

    def __init__(self, folder: Path, dice: random.Random) -> None:
        self._folder = folder
        self._dice = dice
        self.good: dict[int, set[int]] = defaultdict(set)
        self.last_good: dict[int, int] = {}
        self.broken: set[int] = set()
        for file in range(FILES):
            self.write(file, 0, broken=False)

    def change(self, generation: int) -> None:
        """Write a few of them anew, one in three with an error."""
        for file in self._dice.sample(range(FILES), 3):
            self.write(file, generation, broken=self._dice.random() < 1 / 3)

    def write(self, file: int, generation: int, *, broken: bool) -> None:
        """Write one in place, as careless editors do."""
        text = "".join(
            HALF.format(file=file, half=half, files=FILES, now=generation) for half in "ab"
        )
        if broken:
            self.broken.add(file)
            text += self._dice.choice(WRONG)
        else:
            self.broken.discard(file)
            self.good[file].add(generation)
            self.last_good[file] = generation
        (self._folder / f"f{file}.yaml").write_text(text, encoding="utf-8")


class Heard:
    """What a peer was sent, by topic; each message is looked at once."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._looked = 0
        self._said: dict[str, list[Any]] = defaultdict(list)

    def on(self, topic: str) -> list[Any]:
        """What came on a topic so far."""
        fresh = self._peer.messages[self._looked :]
        self._looked += len(fresh)
        for message in fresh:
            if message.topic.startswith("storm/"):
                self._said[message.topic].append(json.loads(message.payload))
        return self._said[topic]


async def test_reloads_under_load_miss_nothing_and_leave_nothing_half_done(
    brokers: Callable[..., Mosquitto], tmp_path: Path
) -> None:
    broker = brokers(BROKER)
    agent = Agent(tmp_path / "home", broker.port)
    folder = agent.home / "pipelines"
    (folder / "late.yaml").write_text(UNCHANGED, encoding="utf-8")
    files = Files(folder, random.Random(2026))
    async with Meter(broker) as meter, Peer(broker.port, name="watch") as watch:
        watch.patience, heard = PATIENCE, Heard(watch)
        await meter.subscribe("storm/out", 1)
        for topic in ("hearth/storm/status", "storm/half", "storm/end", "storm/late"):
            await watch.subscribe(topic, 1)
        agent.start()
        await watch.received(1)
        reloads = asyncio.create_task(reload_often(agent, files))
        while not reloads.done():
            await meter.stream(RATE, 1.0)
        seconds = await reloads
        await meter.all_answered()
        await watch.until(lambda: len(heard.on("storm/end")) >= 2 * meter.sent)
        await watch.until(lambda: len(heard.on("storm/late")) >= -(-meter.sent // 50))
        account(meter, heard, files)
        agent.kill()
        agent.start()
        await in_force_again(meter, watch, heard, files)
        assert agent.stop() in (0, 130), agent.log[-2000:]
    assert "Traceback" not in agent.log, agent.log[agent.log.index("Traceback") :][:3000]
    report(
        f"{RELOADS} reloads, {meter.sent} events at {RATE}/s, "
        f"{sum(map(len, files.good.values()))} good versions, the slowest took {max(seconds):.3f} s"
    )


async def reload_often(agent: Agent, files: Files) -> list[float]:
    """Change files and have them reloaded; how long each took."""
    path, seconds = agent.home / "data" / "agent.sock", []
    while not answers(path):  # noqa: ASYNC110 (a socket tells nobody when it is there)
        await asyncio.sleep(EVERY)
    socket = RunningAgent(path)
    for generation in range(1, RELOADS + 1):
        await asyncio.sleep(EVERY)
        await asyncio.to_thread(files.change, generation)
        answer = await asyncio.to_thread(socket.reload)
        assert answer.quarantined == sorted(f"pipelines/f{file}.yaml" for file in files.broken)
        assert not answer.removed
        seconds.append(answer.seconds)
    return seconds


def account(meter: Meter, heard: Heard, files: Files) -> None:
    """Every event was answered once by the unchanged pipelines, and by both halves of its file in
    one version that was good, from begin to end."""
    assert all(len(runs) == 1 for runs in meter.answers.values())
    assert sorted(heard.on("storm/late")) == list(range(0, meter.sent, 50))
    versions: dict[int, list[int]] = defaultdict(list)
    for topic in ("storm/half", "storm/end"):
        for each in heard.on(topic):
            versions[each["seq"]].append(each["now"])
    assert sorted(versions) == list(range(meter.sent))
    for seq, generations in versions.items():
        assert len(generations) == 4 and len(set(generations)) == 1, (seq, generations)
        assert generations[0] in files.good[seq % FILES], (seq, generations)


async def in_force_again(meter: Meter, watch: Peer, heard: Heard, files: Files) -> None:
    """After kill -9 every file is answered for by its last good version, also a broken one's."""
    first = meter.sent
    for _ in range(FILES):
        await meter.one()
    await meter.all_answered()

    def fresh() -> list[Any]:
        return [each for each in heard.on("storm/half") if each["seq"] >= first]

    await watch.until(lambda: len(fresh()) >= 2 * FILES)
    assert {each["seq"] % FILES: each["now"] for each in fresh()} == files.last_good
