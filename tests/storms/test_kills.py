"""kill -9 at random moments under a stream of QoS 1 events: nothing is lost."""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

from tests.mqtt.line import Peer
from tests.servers import Mosquitto
from tests.storms.scene import BROKER, SOAK, Agent, Meter, account, report

KILLS = 50 if SOAK else 4
RATE = 200
LIVES = (0.2, 3.0)


async def test_no_event_is_lost_and_every_action_is_accounted_for(
    brokers: Callable[..., Mosquitto], tmp_path: Path
) -> None:
    broker = brokers(BROKER)
    agent = Agent(tmp_path / "home", broker.port)
    async with Meter(broker) as meter, Peer(broker.port, name="watch") as watch:
        await meter.subscribe("storm/out", 1)
        await watch.subscribe("hearth/storm/status", 1)
        agent.start()
        await watch.received(1)
        stream = asyncio.create_task(storm(meter))
        await kill_often(agent, random.Random(2026))
        stream.cancel()
        agent.start()
        await meter.one()  # only this life can answer it, and it comes after all the others
        await meter.all_answered()
        assert agent.stop() in (0, 130), agent.log[-2000:]
    repeated, again = account(agent, meter)
    report(f"{agent.kills} kills, {meter.sent} events, {repeated} answers repeated")
    assert again == 0
    assert "Traceback" not in agent.log


async def storm(meter: Meter) -> None:
    """Publish until cancelled."""
    while True:
        await meter.stream(RATE, 1.0)


async def kill_often(agent: Agent, dice: random.Random) -> None:
    """Kill the agent again and again, sometimes before it is up."""
    for _ in range(KILLS):
        await asyncio.sleep(dice.uniform(*LIVES))
        assert agent.running, agent.log[-2000:]
        agent.kill()
        if agent.kills < KILLS:
            agent.start()
