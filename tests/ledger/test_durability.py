"""What was promised to be durable is there after a crash, a restart, at any moment."""

import asyncio
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ledger.made import event, ledger_at, rig_events

_WRITER = """
import asyncio, sys
from pathlib import Path
from tests.ledger.made import event, ledger_at

async def write(folder, first):
    ledger, n = ledger_at(folder, commit_every="1ms"), first
    print("open", flush=True)
    while True:
        for _ in range(20):
            ledger.event(event(str(n), qos=1))
            n += 1
        ledger.when_durable(lambda durable, n=n: print(n, flush=True))
        await asyncio.sleep(0.0005)

asyncio.run(write(Path(sys.argv[1]), int(sys.argv[2])))
"""


async def test_durable_means_that_everything_before_is_committed(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path)
    told: list[tuple[str, bool]] = []
    ledger.event(event("a"))
    ledger.when_durable(lambda durable: told.append(("a", durable)))
    ledger.event(event("b"))
    ledger.when_durable(lambda durable: told.append(("b", durable)))
    assert told == []
    assert await ledger.flush()
    assert told == [("a", True), ("b", True)]
    await ledger.close()


async def test_callbacks_come_on_the_event_loop(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path)
    told: asyncio.Future[asyncio.AbstractEventLoop] = asyncio.Future()
    ledger.when_durable(lambda durable: told.set_result(asyncio.get_running_loop()))
    assert await told is asyncio.get_running_loop()
    await ledger.close()


async def test_many_events_share_a_commit(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path)
    for happened, changes, record in rig_events(500):
        ledger.message(happened, changes)
        ledger.run(record)
    await ledger.flush()
    assert ledger.stats.commits == 1
    await ledger.close()


async def test_nothing_is_written_when_nothing_happened(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path)
    await ledger.flush()
    ledger.when_durable(lambda durable: None)
    await ledger.flush()
    assert ledger.stats.commits == 0
    await ledger.close()


async def test_the_caller_is_asked_before_each_commit(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path)
    ledger.before_commit(lambda: ledger.event(event("last")))
    ledger.event(event("first"))
    await ledger.flush()
    rows = await ledger.query("select source from events order by source")
    assert [row["source"] for row in rows[:2]] == ["t/first", "t/last"]
    await ledger.close()


async def test_closing_commits_what_is_left(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path, commit_every="10s")
    ledger.event(event("a"))
    await ledger.close()
    ledger = ledger_at(tmp_path)
    assert len(await ledger.query("from events")) == 1
    await ledger.close()


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_kill_at_any_moment_loses_nothing_that_was_promised(
    tmp_path: Path, seed: int
) -> None:
    rng, promised = random.Random(seed), 0
    for _ in range(4):
        promised = max(promised, await asyncio.to_thread(_killed, tmp_path, promised, rng))
        ledger = ledger_at(tmp_path)
        kept = {row["source"] for row in await ledger.query("from events", limit=1_000_000)}
        assert {f"t/{n}" for n in range(promised)} <= kept
        assert ledger.committed() >= promised
        await ledger.close()


def _killed(folder: Path, first: int, rng: random.Random) -> int:
    """Start a writer, kill it after some of its promises; the number of events promised."""
    command = [sys.executable, "-c", _WRITER, str(folder), str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "open\n"
        lines = [writer.stdout.readline() for _ in range(rng.randrange(1, 40))]
        writer.send_signal(signal.SIGKILL)
        lines += writer.stdout.readlines()
    return int([line for line in lines if line.endswith("\n")][-1])
