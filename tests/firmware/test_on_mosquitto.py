"""Every dialect on one real broker: one pipeline for all plugs, and any order of messages."""

import json
import random
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from edge_agent.cli.reach import answers
from edge_agent.demo.devices import DATA, SimulatedDevices
from edge_agent.devices.lines import wire
from tests.firmware.broker_home import Listener
from tests.firmware.corpus import records
from tests.mqtt.line import Peer
from tests.servers import Mosquitto
from tests.storms.scene import BROKER, Meter, report

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
SHELLY = "shellyplus1pm-a8032ab1"
PLUGS = f"""
id: save
mode: parallel
triggers:
  - reading: {{device: [coffee, desk, {SHELLY}], property: power, above: 100}}
steps:
  - device:
      device: "{{{{ trigger.device }}}}"
      set: {{state: off}}
      verify: {{within: 20s}}
  - publish: {{topic: storm/verified, payload: "{{{{ trigger.device }}}}"}}
"""


class Sent(Struct, frozen=True):
    """A message somebody publishes."""

    topic: str
    payload: bytes
    retain: bool = False


def power(watts: int, state: bool = True) -> list[Sent]:
    """What the three plugs report, each in its own words."""
    word = "ON" if state else "OFF"
    switch = {"id": 0, "source": "mqtt", "output": state, "apower": watts}
    return [
        Sent("zigbee2mqtt/coffee", wire({"state": word, "power": watts})),
        Sent("tele/desk/STATE", wire({"POWER": word})),
        Sent("tele/desk/SENSOR", wire({"ENERGY": {"Power": watts}})),
        Sent(f"{SHELLY}/status/switch:0", wire(switch)),
    ]


async def test_one_pipeline_switches_plugs_of_three_firmwares(
    brokers: Callable[..., Mosquitto], tmp_path: Path
) -> None:
    broker = brokers(BROKER)
    agent = Listener(tmp_path / "home", broker.port)
    agent.pipeline(PLUGS)
    orders = ["zigbee2mqtt/coffee/set", "cmnd/desk/#", f"{SHELLY}/rpc"]
    async with Meter(broker) as meter, Peer(broker.port, name="plugs") as plugs:
        await meter.subscribe("storm/out", 1)
        await meter.subscribe("hearth/storm/status", 1)
        for topic in [*orders, "storm/verified"]:
            await plugs.subscribe(topic, 1)
        agent.start()
        await ready(meter)
        for message in power(20) + power(150):
            await meter.publish(message.topic, message.payload, 1)
        await plugs.received(3)
        told = {message.topic: bytes(message.payload) for message in plugs.messages}
        for message in power(0, state=False):
            await meter.publish(message.topic, message.payload, 1)
        await plugs.received(6)
        agent.stop()
    assert json.loads(told.pop("zigbee2mqtt/coffee/set")) == {"state": "OFF"}
    called = json.loads(told.pop(f"{SHELLY}/rpc"))
    assert (called["method"], called["params"]) == ("Switch.Set", {"id": 0, "on": False})
    assert told == {"cmnd/desk/POWER": b"OFF"}
    verified = {bytes(m.payload).decode() for m in plugs.messages if m.topic == "storm/verified"}
    assert verified == {"coffee", "desk", SHELLY}


async def test_any_order_of_a_recorded_network_ends_in_the_same_registry(
    brokers: Callable[..., Mosquitto], tmp_path: Path
) -> None:
    told: list[Sent] = []
    network = SimulatedDevices(
        lambda topic, text, retain: told.append(Sent(topic, wire(text), retain))
    )
    network.announce()
    for line in (DATA / "trace.jsonl").read_text("utf-8").splitlines():
        said = json.loads(line)
        told.append(Sent(f"zigbee2mqtt/{said['device']}", wire(said["payload"])))
    told += [
        Sent(f"zigbee2mqtt/{name}/set", b'{"state": "ON"}') for name in ("Smart button", "new")
    ]
    told.append(Sent("attic/unheard/of", b"42"))
    await same_in_any_order(told, brokers, tmp_path)


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not beside the checkout")
async def test_any_order_of_the_corpus_ends_in_the_same_registry(
    brokers: Callable[..., Mosquitto], tmp_path: Path
) -> None:
    await same_in_any_order(of_the_corpus(), brokers, tmp_path)


async def same_in_any_order(
    told: list[Sent], brokers: Callable[..., Mosquitto], folder: Path
) -> None:
    """Publish in two random orders to two agents; they must know the same in the end."""
    first = await outcome(told, 1, brokers(BROKER), folder / "one")
    second = await outcome(told, 2, brokers(BROKER), folder / "two")
    undecided = first.undecided | second.undecided
    assert shown(first.devices, undecided, told) == shown(second.devices, undecided, told)
    assert first.unknown.keys() == second.unknown.keys()
    report(
        f"{first.published} messages in two orders: {len(first.devices)} devices the same,"
        f" {len(undecided)} values told in several ways, {len(first.unknown)} unknown topics"
    )


class Outcome(Struct):
    """What an agent knows in the end."""

    published: int
    devices: list[dict[str, Any]]
    unknown: dict[str, int]
    undecided: set[tuple[str, str, str | None]]


async def outcome(told: list[Sent], seed: int, broker: Mosquitto, home: Path) -> Outcome:
    """What an agent knows after everything came twice in a random order; none may be lost."""
    agent = Listener(home, broker.port)
    sent = [message for round in (0, 1) for message in shuffled(told, seed + 10 * round)]
    async with Meter(broker) as meter:
        await meter.subscribe("storm/out", 1)
        await meter.subscribe("hearth/storm/status", 1)
        agent.start()
        await ready(meter)
        for message in sent:
            await meter.publish(message.topic, message.payload, 1, message.retain)
        await ready(meter)
        while not answers(home / "data" / "agent.sock"):
            await ready(meter)
        devices = agent.ask("devices")
        rows = agent.ask("devices", "--unknown")
        assert agent.stop() in (0, 130)
    assert "Traceback" not in agent.log, agent.log[-2000:]
    recorded, published = agent.recorded(), Counter(message.topic for message in sent)
    kept = {message.topic for message in sent if message.retain}  # the broker sends them again
    wrong = {
        topic: (count, recorded.get(topic, 0))
        for topic, count in published.items()
        if recorded.get(topic, 0) < count or (topic not in kept and recorded[topic] != count)
    }
    assert not wrong
    unknown = {row["topic"]: row["messages"] for row in rows if row["topic"] in published}
    assert not {t: n for t, n in unknown.items() if n > published[t] and t not in kept}
    return Outcome(len(sent), devices, unknown, agent.undecided())


async def ready(meter: Meter) -> None:
    """Wait until the agent has answered a message that came after all others."""
    await meter.received(1)  # it is up
    await meter.one()
    last = b"%d" % (meter.sent - 1)
    await meter.until(lambda: any(bytes(m.payload) == last for m in meter.messages))


def shuffled(told: list[Sent], seed: int) -> list[Sent]:
    """A random order in which the messages of one topic stay one after the other."""
    order = random.Random(seed).sample(told, len(told))
    of_topic: dict[str, list[Sent]] = defaultdict(list)
    for message in reversed(told):
        of_topic[message.topic].append(message)
    return [of_topic[message.topic].pop() for message in order]


def of_the_corpus() -> list[Sent]:
    """Every message of the corpus once, and the commands of other clients.

    The records of one network have a device list each; here the network has one of them all.
    """
    lists: dict[str, dict[str, Any]] = defaultdict(dict)
    told: dict[Sent, None] = {}
    for record in records(CORPUS):
        for each in [*(record.get("setup") or ()), record]:
            payload = wire(each["payload"])
            retain = bool(each.get("retain", each is not record))
            if each["topic"].endswith(("bridge/devices", "bridge/groups")):
                lists[each["topic"]] |= {
                    item["friendly_name"]: item for item in json.loads(payload)
                }
            else:
                told[Sent(each["topic"], payload, retain)] = None
    for case in records(CORPUS, "commands"):
        publish = case["publish"]
        told[Sent(publish["topic"], wire(publish["payload"]))] = None
    whole = [Sent(topic, wire([*found.values()]), True) for topic, found in lists.items()]
    emptied = [message for message in told if not message.payload]
    return emptied + whole + [message for message in told if message.payload]


def shown(
    devices: list[dict[str, Any]], undecided: set[tuple[str, str, str | None]], told: list[Sent]
) -> dict[str, Any]:
    """Devices with what the order of messages has no right to decide.

    Of a device that was removed meanwhile nothing is known but what came after that.
    """
    removed = [message.topic for message in told if not message.payload]
    found: dict[str, Any] = {}
    for device in devices:
        key = device["key"]
        mine = found[key] = {"name": device["name"]}
        if any(key.partition(":")[2] in topic for topic in removed):
            continue
        mine["available"] = device["available"]
        for each in device["properties"]:
            slot = (each["property"], each.get("instance"))
            decided = (key, *slot) not in undecided
            mine[str(slot)] = each["value"] if decided else "told in several ways"
    return found
