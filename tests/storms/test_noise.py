"""Random and malformed messages: no crash, no traceback, and the next good one is answered."""

from collections.abc import Callable
from pathlib import Path

from tests.mqtt.line import Peer
from tests.servers import Mosquitto
from tests.storms.noise import messages
from tests.storms.scene import BROKER, SOAK, Agent, Meter, report

COUNT = 10_000 if SOAK else 600
CURIOUS = """
- id: curious
  mode: parallel
  triggers:
    - mqtt: {topic: "#"}
  conditions:
    - "{{ trigger.payload.temperature > 20 or trigger.payload.state == 'on' }}"
  steps:
    - log: "{{ trigger.payload }}"
- id: sensitive
  mode: restart
  triggers:
    - reading: {device: "*", property: temperature, above: 20, for: 1s}
    - reading: {device: "*", property: state, changed: true}
  steps:
    - publish: {topic: storm/seen, payload: {value: "{{ trigger.value }}"}}
"""


async def test_noise_neither_crashes_the_agent_nor_stops_it_from_answering(
    brokers: Callable[..., Mosquitto], tmp_path: Path
) -> None:
    broker = brokers(BROKER)
    agent = Agent(tmp_path / "home", broker.port)
    (agent.home / "pipelines" / "curious.yaml").write_text(CURIOUS, encoding="utf-8")
    async with Meter(broker) as meter, Peer(broker.port, name="watch") as watch:
        await meter.subscribe("storm/out", 1)
        await watch.subscribe("hearth/storm/status", 1)
        agent.start()
        await watch.received(1)
        for topic, payload, qos, retain in messages(COUNT, seed=2026):
            await meter.publish(topic, payload, qos, retain)
        fresh = b"1000001"
        await meter.publish("storm/in", b'{"seq": %b}' % fresh, 1)
        await meter.until(lambda: any(bytes(m.payload) == fresh for m in meter.messages))
        assert agent.running
        assert agent.stop() in (0, 130), agent.log[-2000:]
    assert "Traceback" not in agent.log, agent.log[agent.log.index("Traceback") :][:3000]
    recorded = agent.query("select count(*) as n from events")[0]["n"]
    report(f"{COUNT} messages of noise, {recorded} events recorded")
