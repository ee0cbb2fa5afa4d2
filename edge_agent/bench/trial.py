"""One trial: a broker, an agent with one pipeline in an empty home, loads, and what they cost."""

import asyncio
import logging
import os
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from msgspec import Struct

from edge_agent.bench.meter import Meter
from edge_agent.channels.broker import EmbeddedBroker
from edge_agent.child import end
from edge_agent.loopback import free_port

RATE, WINDOW = 500, 100
IDLE_SECONDS = 1.0
STOP_SECONDS = 10.0
HEARTH = """\
agent: {{name: bench}}
mqtt: {{host: 127.0.0.1, port: {port}}}
gateway: {{enabled: false}}
log: {{level: error}}
"""
MOSQUITTO = """\
listener {port} 127.0.0.1
allow_anonymous true
set_tcp_nodelay true
max_inflight_messages 1000
max_queued_messages 100000
log_dest none
"""
PIPELINE = """\
id: bench
mode: parallel
max: 1000
triggers:
  - mqtt: {topic: zigbee2mqtt/+}
conditions:
  - "{{ trigger.payload.temperature > 25 and trigger.payload.battery > 10 }}"
steps:
  - publish:
      topic: "act/{{ trigger.topic.split('/')[1] }}"
      payload:
        seq: "{{ trigger.payload.seq }}"
        f: "{{ (trigger.payload.temperature * 9 / 5 + 32) | round(1) }}"
"""


class Figure(Struct, frozen=True):
    """One measured figure."""

    what: str
    value: float
    unit: str


async def measure(seconds: float) -> AsyncIterator[Figure]:
    """The figures, each as soon as it is known; `seconds` a load."""
    logging.getLogger("edge_agent").addHandler(logging.NullHandler())
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hearth-bench-")))
        port = free_port()
        await stack.enter_async_context(broker(folder, port))
        meter = await stack.enter_async_context(Meter("127.0.0.1", port, folder / "meter"))
        begun = time.perf_counter()
        agent = await stack.enter_async_context(agent_at(folder / "home", port))
        await meter.first_action()
        yield Figure("start to first action", time.perf_counter() - begun, "s")
        await asyncio.sleep(IDLE_SECONDS)
        yield Figure("memory, idle", resident_mb(agent.pid), "MB")
        for qos in (0, 1):
            steady = await meter.steady(RATE, seconds, qos=qos)
            yield Figure(f"QoS {qos}, {RATE}/s: p50", steady.p50_ms, "ms")
            yield Figure(f"QoS {qos}, {RATE}/s: p99", steady.p99_ms, "ms")
            before = cpu_seconds(agent.pid)
            closed = await meter.closed(WINDOW, seconds, qos=qos)
            cost = (cpu_seconds(agent.pid) - before) / closed.sent * 1e6
            yield Figure(f"QoS {qos}, closed loop", closed.sent / closed.seconds, "events/s")
            yield Figure(f"QoS {qos}, closed loop: CPU", cost, "ms per 1,000 events")
            yield Figure(f"QoS {qos}: lost", steady.lost + closed.lost, "events")
        yield Figure("memory, after the load", resident_mb(agent.pid), "MB")


@asynccontextmanager
async def broker(folder: Path, port: int) -> AsyncIterator[None]:
    """A broker on a port: mosquitto, else the embedded one."""
    program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        embedded = EmbeddedBroker()
        await embedded.start(port)
        try:
            yield
        finally:
            await embedded.stop()
        return
    config = folder / "mosquitto.conf"
    config.write_text(MOSQUITTO.format(port=port))
    process = await asyncio.create_subprocess_exec(program, "-c", str(config))
    try:
        yield
    finally:
        await end(process, STOP_SECONDS)


@asynccontextmanager
async def agent_at(
    home: Path, port: int, *, settings: str = ""
) -> AsyncIterator[asyncio.subprocess.Process]:
    """An agent in a home made for it, at the broker on a port, with more settings as YAML."""
    (home / "pipelines").mkdir(parents=True)
    (home / "hearth.yaml").write_text(HEARTH.format(port=port) + settings)
    (home / "pipelines" / "bench.yaml").write_text(PIPELINE)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "edge_agent.cli", "up", "--home", str(home)),
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        await end(process, STOP_SECONDS)


def cpu_seconds(pid: int) -> float:
    """The CPU time a process has used (Linux: fields 14 and 15 of /proc/PID/stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int) -> float:
    """The memory a process holds (Linux: /proc/PID/statm)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
