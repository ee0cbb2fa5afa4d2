"""kill -9 of a model's process under load: every request ends in time, the agent goes on acting."""

import asyncio
import json
import random
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psutil

from tests.models.conftest import Made, llama, shared
from tests.mqtt.line import Peer
from tests.servers import Mosquitto
from tests.storms.scene import BROKER, SOAK, Agent, Meter, report

__all__ = ["llama", "shared"]
KILLS = 20 if SOAK else 3
RATE = 10
TIMEOUT = 30.0
PIPELINES = f"""
- id: storm
  mode: parallel
  max: 1000
  triggers:
    - mqtt: {{topic: storm/in, qos: 1}}
  steps:
    - publish: {{topic: storm/out, payload: "{{{{ trigger.payload.seq }}}}", qos: 1}}
- id: talk
  mode: parallel
  max: 1000
  triggers:
    - mqtt: {{topic: storm/ask, qos: 1}}
  steps:
    - id: answer
      generate: {{model: tiny, prompt: "{{{{ trigger.payload }}}}", max_tokens: 60}}
      timeout: {TIMEOUT:g}s
      on_error: continue
    - publish:
        topic: storm/said
        payload: {{state: "{{{{ steps.answer.state }}}}", error: "{{{{ steps.answer.error }}}}"}}
        qos: 1
"""


async def test_requests_end_clearly_and_other_pipelines_notice_nothing(
    llama: Made, brokers: Callable[..., Mosquitto], tmp_path: Path
) -> None:
    broker = brokers(BROKER)
    agent = Agent(tmp_path / "home", broker.port, PIPELINES)
    equip(agent.home, llama)
    async with (
        Meter(broker) as meter,
        Asker(broker.port, name="asker") as said,
        Peer(broker.port, name="watch") as watch,
    ):
        await meter.subscribe("storm/out", 1)
        await said.subscribe("storm/said", 1)
        await watch.subscribe("hearth/storm/status", 1)
        agent.start()
        await watch.received(1)
        asking = asyncio.create_task(said.ask())
        acting = asyncio.create_task(meter.stream(RATE, 3600))
        await kill_workers(agent, random.Random(2026))
        asking.cancel()
        acting.cancel()
        await said.until(lambda: len(said.messages) >= said.asked)
        await meter.all_answered()
        assert agent.stop() in (0, 130), agent.log[-2000:]
    states, errors = outcome(said)
    assert states["completed"] and states["completed"] + states["failed"] == said.asked
    assert all("process ended" in error or "not start" in error for error in errors), errors
    assert "Traceback" not in agent.log
    report(f"{KILLS} kills of the worker, {said.asked} requests: {dict(states)}")


class Asker(Peer):
    """Asks the model again and again, and hears how each request ended."""

    patience = 2 * TIMEOUT
    asked = 0

    async def ask(self) -> None:
        """Ask until cancelled."""
        while True:
            self.asked += 1
            await self.publish("storm/ask", b"what is it?", 1)
            await asyncio.sleep(1 / RATE)


def equip(home: Path, model: Made) -> None:
    """Put the model into the home, with the key that signed it."""
    shutil.copytree(model.folder, home / "models" / "tiny")
    (home / "data").mkdir()
    shutil.copy(model.folder.parent / "models.key", home / "data" / "models.key")


async def kill_workers(agent: Agent, dice: random.Random) -> None:
    """Let each worker work a moment, then kill it."""
    for _ in range(KILLS):
        worker = await found_worker(agent)
        await asyncio.sleep(dice.uniform(0.5, 2.5))
        worker.kill()
        await asyncio.to_thread(worker.wait)


async def found_worker(agent: Agent) -> psutil.Process:
    """The worker's process, once there is one."""
    assert agent._process is not None
    while True:
        for child in psutil.Process(agent._process.pid).children(recursive=True):
            if any("models.runtime.worker" in word for word in child.cmdline()):
                return child
        await asyncio.sleep(0.05)


def outcome(said: Asker) -> tuple[Counter[str], set[str]]:
    """How the requests ended, and what those that failed say."""
    told = [json.loads(message.payload) for message in said.messages]
    return Counter(each["state"] for each in told), {e["error"] for e in told if e["error"]}
