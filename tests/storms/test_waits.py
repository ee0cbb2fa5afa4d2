"""kill -9 at random moments while everything waits that can wait: each run does the same, once."""

import asyncio
import contextlib
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.mqtt.line import Peer
from tests.servers import Mosquitto
from tests.storms.scene import BROKER, PATIENCE, SOAK, Agent, report
from tests.storms.waits import ROUND, Construct, Effects, Lives, Told, constructs, told, written

KILLS = 20 if SOAK else 3
EARLY, LONGEST = 0.25, 3.5  # so many die before they are up, the others after at most so long
START = 1_767_225_600.0


class Watcher(Peer):
    """Sends what each construct wants in a round, and notes what each run publishes."""

    patience = 30.0

    def __init__(self, broker: Mosquitto, table: Sequence[Construct]) -> None:
        super().__init__(broker.port, name="watcher", keep=True)
        self.rounds = 0
        self._sends = sorted(
            ((send.at, send) for it in table for send in it.sends), key=lambda pair: pair[0]
        )

    async def play(self, rounds: int) -> None:
        """Play rounds on time."""
        loop = asyncio.get_running_loop()
        for _ in range(rounds):
            begin = loop.time()
            for at, send in self._sends:
                await asyncio.sleep(max(0.0, begin + at - loop.time()))
                await self.publish(send.topic, send.body(self.rounds), 1)
            self.rounds += 1
            await asyncio.sleep(max(0.0, begin + ROUND - loop.time()))

    @property
    def published(self) -> dict[str, list[tuple[str, str]]]:
        """What each run has published, by the run's id."""
        found: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for message in list(self.messages):
            run = dict(getattr(message.properties, "UserProperty", ())).get("run", "")
            found[run].append((message.topic, bytes(message.payload).decode()))
        return found


async def test_what_waits_goes_on_after_each_kill(
    brokers: Callable[..., Mosquitto], tmp_path: Path
) -> None:
    table, broker = constructs(), brokers(BROKER)
    agent = Agent(tmp_path / "home", broker.port, written(table))
    async with Watcher(broker, table) as watcher, Peer(broker.port, name="watch") as watch:
        await watcher.subscribe("out/#", 1)
        watch.patience = PATIENCE
        await watch.subscribe("hearth/storm/status", 1)
        agent.start()
        await watch.received(1)
        killing = asyncio.create_task(kill_often(agent, watch, random.Random(2027)))
        while not killing.done():
            await watcher.play(1)
        await killing
        wanted = told(await undisturbed(table, watcher.rounds), table)
        with contextlib.suppress(TimeoutError):
            await watcher.until(lambda: told(watcher.published, table) == wanted)
        code = agent.stop()
    different = differences(told(watcher.published, table), wanted)
    assert not different, "\n".join(different)
    assert code in (0, 130), agent.log[-2000:]
    assert "Traceback" not in agent.log
    sent, repeated = len(watcher.messages), repeats(watcher.published)
    report(f"{agent.kills} kills, {watcher.rounds} rounds, {sent} messages, {repeated} repeated")


def repeats(published: dict[str, list[tuple[str, str]]]) -> int:
    """How many messages a run has sent that it had sent before."""
    return sum(len(effects) - len(set(effects)) for effects in published.values())


def differences(found: Told, wanted: Told) -> list[str]:
    """The constructs whose runs differ: what is missing, and what nobody wanted."""
    return [
        f"{name}: missing {_without(wanted[name], found.get(name, []))}, "
        f"too much {_without(found.get(name, []), wanted[name])}"
        for name in wanted
        if found.get(name) != wanted[name]
    ]


def _without(runs: list[Effects], others: list[Effects]) -> list[Effects]:
    left = list(others)
    return [run for run in runs if run not in left or left.remove(run)]  # type: ignore[func-returns-value]


async def undisturbed(table: Sequence[Construct], rounds: int) -> dict[str, list[tuple[str, str]]]:
    """What the runs of an agent publish that nobody kills, on a virtual clock."""
    lives = Lives(table, START)
    await lives.start()
    sends = sorted(
        (send.at, index, send) for index, send in enumerate(s for it in table for s in it.sends)
    )
    for number in range(rounds):
        for at, _, send in sends:
            await lives.pass_to(START + number * ROUND + at)
            await lives.send(send.topic, send.body(number))
    await lives.pass_to(START + rounds * ROUND + 60.0)
    return lives.published


async def kill_often(agent: Agent, watch: Peer, dice: random.Random) -> None:
    """Kill the agent again and again, and start it at once; seldom before it is up, and never
    twice so: rounds must not run into one another."""
    was_up = False
    while agent.kills < KILLS:
        if was_up and dice.random() < EARLY:
            was_up = False
            await asyncio.sleep(dice.uniform(0.2, 0.7))
        else:
            await watch.until(lambda: bytes(watch.messages[-1].payload) == b"online")
            was_up = True
            await asyncio.sleep(dice.uniform(0.0, LONGEST))
        assert agent.running, agent.log[-2000:]
        agent.kill()
        await watch.until(lambda: bytes(watch.messages[-1].payload) == b"offline")
        agent.start()
