"""kill -9 at random moments while windows count a stream: every event counts once."""

import asyncio
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.mqtt.line import Peer
from tests.servers import Mosquitto
from tests.storms.scene import BROKER, SOAK, Agent, Meter, report

KILLS = 20 if SOAK else 3
RATE = 200
LIVES = (0.5, 3.0)
KINDS = {
    "tumbling": ("size: 1s", 1),
    "sliding": ("size: 2s, slide: 500ms", 4),
    "session": ("gap: 200ms", 1),
}
"""The window, and in how many of them an event counts."""
STATUS = "hearth/storm/status"
PIPELINE = """
- id: {kind}
  mode: parallel
  max: 100
  triggers:
    - window:
        of: {{topic: storm/in}}
        {window}
        aggregate: {{n: count(), sum: sum(seq), middle: median(seq)}}
  steps:
    - publish:
        topic: storm/{kind}
        payload:
          n: "{{{{ trigger.n }}}}"
          sum: "{{{{ trigger.sum }}}}"
          start: "{{{{ trigger.start }}}}"
        qos: 1
"""


@pytest.mark.parametrize("kind", KINDS)
async def test_every_event_counts_once_in_its_windows(
    brokers: Callable[..., Mosquitto], tmp_path: Path, kind: str
) -> None:
    window, times = KINDS[kind]
    broker = brokers(BROKER)
    agent = Agent(tmp_path / "home", broker.port)
    text = PIPELINE.format(kind=kind, window=window.replace(", ", "\n        "))
    (agent.home / "pipelines" / "windows.yaml").write_text(text, encoding="utf-8")
    async with Meter(broker) as meter, Peer(broker.port, name="watch") as watch:
        await watch.subscribe(STATUS, 1)
        agent.start()
        await watch.received(1)
        await watch.subscribe(f"storm/{kind}", 1)
        stream = asyncio.create_task(meter.stream(RATE, 600.0))
        await _kill_often(agent, random.Random(kind))
        stream.cancel()
        await meter.one()
        await watch.until(lambda: _counted(_told(watch)) >= meter.sent * times)
        assert agent.stop() in (0, 130), agent.log[-2000:]
    recorded = _recorded(agent, kind)
    report(f"{kind}: {agent.kills} kills, {meter.sent} events, {len(recorded)} windows")
    assert len({each["start"] for each in recorded}) == len(recorded)
    assert _counted(recorded) == meter.sent * times
    assert sum(each["sum"] for each in recorded) == times * meter.sent * (meter.sent - 1) / 2
    assert _told(watch) == {each["start"]: each for each in recorded}
    assert "Traceback" not in agent.log


def _told(watch: Peer) -> dict[float, Any]:
    """What each window told; a window told before a kill and again after it counts as told last."""
    messages = [json.loads(bytes(m.payload)) for m in watch.messages if m.topic != STATUS]
    return {each["start"]: each for each in messages}


def _counted(windows: Any) -> int:
    values = windows.values() if isinstance(windows, dict) else windows
    return sum(each["n"] for each in values)


def _recorded(agent: Agent, kind: str) -> list[Any]:
    told = f"select string_agg(payload) as told from effects where target = 'storm/{kind}'"
    found: list[Any] = json.loads(f"[{agent.query(told)[0]['told']}]")
    return found


async def _kill_often(agent: Agent, dice: random.Random) -> None:
    """Kill the agent again and again; its last life begins."""
    for _ in range(KILLS):
        await asyncio.sleep(dice.uniform(*LIVES))
        assert agent.running, agent.log[-2000:]
        agent.kill()
        agent.start()
