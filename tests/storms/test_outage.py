"""The broker stops for a while under a stream of events, and comes back."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from tests.mqtt.line import Peer
from tests.servers import Mosquitto
from tests.storms.scene import BROKER, SOAK, Agent, Meter, account, report

AWAY = 60.0 if SOAK else 3.0
RATE = 200


async def test_a_stopped_broker_costs_no_event_and_no_action(
    brokers: Callable[..., Mosquitto], tmp_path: Path
) -> None:
    broker = brokers(BROKER)
    agent = Agent(tmp_path / "home", broker.port)
    async with Meter(broker) as meter, Peer(broker.port, name="watch") as watch:
        await meter.subscribe("storm/out", 1)
        await watch.subscribe("hearth/storm/status", 1)
        agent.start()
        await watch.received(1)
        await meter.stream(RATE, 2.0)
        await watch.until(lambda: bytes(watch.messages[-1].payload) == b"online")
        last = asyncio.create_task(meter.stream(RATE, 1.0))
        await asyncio.sleep(0.5)
        broker.stop()
        await asyncio.sleep(AWAY)
        broker.start()
        served = await served_again(agent, meter)
        await last
        await meter.all_answered()
        assert agent.stop() in (0, 130), agent.log[-2000:]
    repeated, again = account(agent, meter)
    report(
        f"{AWAY:.0f} s away, {meter.sent} events, {again} recorded twice, {repeated} answers "
        f"repeated, a fresh event served {served:.2f} s after the return"
    )
    assert "Traceback" not in agent.log


async def served_again(agent: Agent, meter: Meter) -> float:
    """Seconds until a fresh event is answered, from when both sides are connected again."""
    await meter.until(meter.connected)
    published, fresh = time.time(), b"%d" % meter.sent
    await meter.one()
    await meter.until(lambda: any(bytes(m.payload) == fresh for m in meter.messages))
    return time.time() - max(published, agent.connected_at)
