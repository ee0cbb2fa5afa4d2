"""The agent's own entities in Home Assistant, on a real broker."""

import json
from collections.abc import Callable
from pathlib import Path

from tests.firmware.broker_home import SETTINGS, Listener
from tests.mqtt.line import Peer
from tests.servers import Mosquitto
from tests.storms.scene import BROKER

ANNOUNCED = SETTINGS.replace("discover: true", "discover: true, announce: true")
SWITCH = "homeassistant/switch/hearth_storm/storm/config"
STATE = "hearth/storm/pipeline/storm/enabled"
RUN = "hearth/storm/pipeline/storm/run"
MORE = "id: more\ntriggers: [{mqtt: {topic: more}}]\nsteps: [{log: hello}]\n"


class Observer(Peer):
    """Somebody who sees what an agent tells Home Assistant."""

    async def look(self) -> None:
        """Begin to look; what the broker keeps comes first."""
        await self.subscribe("homeassistant/#", 1)
        await self.subscribe("hearth/storm/#", 1)

    @property
    def last(self) -> dict[str, bytes]:
        """The last message of each topic."""
        return {message.topic: bytes(message.payload) for message in self.messages}


async def test_pipelines_are_switches_and_sensors_until_they_go(
    brokers: Callable[..., Mosquitto], tmp_path: Path
) -> None:
    broker = brokers(BROKER)
    agent = Listener(tmp_path / "home", broker.port, ANNOUNCED)
    agent.pipeline(MORE)
    async with Observer(broker.port, name="ha") as ha:
        await ha.look()
        agent.start()
        await ha.until(lambda: STATE in ha.last and SWITCH in ha.last)
        config = json.loads(ha.last[SWITCH])
        assert (config["state_topic"], config["unique_id"]) == (STATE, "hearth_storm_storm")
        assert config["device"]["identifiers"] == ["hearth_storm"]
        assert ha.last[STATE] == b"ON"
        assert ha.last[config["availability_topic"]] == b"online"

        await ha.publish("storm/in", b'{"seq": 1}', 1)
        await ha.until(lambda: RUN in ha.last)
        run = json.loads(ha.last[RUN])
        assert run["state"] == "completed" and run["finished"].endswith("Z")

        await ha.publish(config["command_topic"], b"OFF", 1)
        await ha.until(lambda: ha.last[STATE] == b"OFF")
        agent.stop()

        (agent.home / "pipelines" / "more.yaml").unlink()
        agent.start()
        gone = SWITCH.replace("/storm/config", "/more/config")
        await ha.until(lambda: ha.last[gone] == b"")
        assert ha.last[STATE] == b"OFF", "a switch is where it was left"
        agent.stop()

        text = SETTINGS.format(port=broker.port)
        (agent.home / "hearth.yaml").write_text(text, encoding="utf-8")
        agent.start()
        await ha.until(lambda: ha.last[SWITCH] == b"" and ha.last[RUN] == b"")
        agent.stop()
        kept = {t for t, payload in ha.last.items() if payload and t.startswith("homeassistant")}
        assert not kept
    rows = agent.query("select key from devices")
    assert not [row for row in rows if "hearth" in row["key"]], "its own pipelines are no devices"


async def test_nothing_is_announced_unasked(
    brokers: Callable[..., Mosquitto], tmp_path: Path
) -> None:
    broker = brokers(BROKER)
    agent = Listener(tmp_path / "home", broker.port)
    async with Observer(broker.port, name="ha") as ha:
        await ha.look()
        agent.start()
        await ha.received(1)
        await ha.subscribe("storm/out", 1)
        await ha.publish("storm/in", b'{"seq": 1}', 1)
        await ha.until(lambda: "storm/out" in ha.last)
        agent.stop()
    assert not [t for t in ha.last if t.startswith("homeassistant") or "/pipeline/" in t]
