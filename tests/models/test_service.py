"""Several models served: turns by priority, back pressure, versions, and what is measured."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from edge_agent.models.driver import ModelBusy, ModelError, ModelRefused
from pipelines.ports import Busy
from schemas.model import Asker, ChatRequest, Priority
from schemas.settings import ModelSettings
from tests.models.scripted import Bench, Scripted, settled

ONE = {"small": ModelSettings(sequences=1, queue=3)}


def bench(home: Path, use: Callable[[Bench], Awaitable[None]], **models: ModelSettings) -> None:
    async def used() -> None:
        served = Bench(home, models or ONE)
        await use(served)
        await served.service.close()

    asyncio.run(used())


def asks(bench: Bench, text: str, priority: Priority = "normal") -> asyncio.Task[object]:
    asker = Asker(priority=priority)
    return asyncio.create_task(bench.service.classify("small", text, {}, asker))


async def closed(bench: Bench) -> Scripted:
    """The model, loaded and with its gate closed."""
    await bench.service.load("small")
    bench.models["small"].gate.clear()
    return bench.models["small"]


def test_the_urgent_go_first_and_nobody_is_asked_beyond_what_it_takes_at_once(
    tmp_path: Path,
) -> None:
    async def use(served: Bench) -> None:
        model = await closed(served)
        tasks = [asks(served, "first")]
        await settled()
        tasks += [asks(served, p, p) for p in ("low", "normal", "high")]
        await settled()
        assert model.asked == ["first"]
        assert served.measured()['hearthflow_model_queue_requests{model="small"}'] == 3
        assert served.measured()['hearthflow_model_running_requests{model="small"}'] == 1
        model.gate.set()
        await asyncio.gather(*tasks)
        assert model.asked == ["first", "high", "normal", "low"]
        assert served.measured()['hearthflow_model_queue_requests{model="small"}'] == 0
        assert served.measured()['hearthflow_model_busy_seconds_total{model="small"}'] > 0

    bench(tmp_path, use)


def test_who_comes_to_a_full_line_is_told_when_to_come_again(tmp_path: Path) -> None:
    async def use(served: Bench) -> None:
        model = await closed(served)
        tasks = [asks(served, str(n)) for n in range(4)]
        await settled()
        with pytest.raises(Busy, match="3 requests wait already") as busy:
            await asks(served, "too many")
        assert busy.value.seconds >= 0
        model.gate.set()
        await asyncio.gather(*tasks)
        assert (
            served.measured()['hearthflow_model_requests_total{model="small",result="busy"}'] == 1
        )

    bench(tmp_path, use)


def test_in_a_full_line_the_least_urgent_gives_way(tmp_path: Path) -> None:
    async def use(served: Bench) -> None:
        model = await closed(served)
        tasks = [asks(served, "0"), asks(served, "1"), asks(served, "2"), asks(served, "3", "low")]
        await settled()
        urgent = asks(served, "fire", "high")
        await settled()
        with pytest.raises(Busy):
            await tasks.pop()
        model.gate.set()
        await asyncio.gather(urgent, *tasks)
        assert model.asked == ["0", "fire", "1", "2"]

    bench(tmp_path, use)


def test_who_stops_waiting_leaves_the_line_and_loses_nobodys_turn(tmp_path: Path) -> None:
    async def use(served: Bench) -> None:
        model = await closed(served)
        first, second, third = (asks(served, str(n)) for n in range(3))
        await settled()
        model.gate.set()
        second.cancel()
        await asyncio.gather(first, third)
        assert model.asked == ["0", "2"]
        model.gate.clear()
        fourth, fifth = asks(served, "4"), asks(served, "5")
        await settled()
        fourth.cancel()  # it holds the place
        await settled()
        model.gate.set()
        await fifth
        assert model.asked == ["0", "2", "4", "5"]

    bench(tmp_path, use)


def test_a_new_version_serves_the_next_request_and_the_former_ends_its_own(
    tmp_path: Path,
) -> None:
    for version in ("1", "2"):
        (tmp_path / "models" / ".versions" / "small" / version).mkdir(parents=True)
    link = tmp_path / "models" / "small"
    link.symlink_to(".versions/small/1")

    async def use(served: Bench) -> None:
        former = await closed(served)
        old = asks(served, "old")
        await settled()
        link.unlink()
        link.symlink_to(".versions/small/2")
        await asks(served, "new")
        assert served.models["small"] is not former
        assert served.models["small"].asked == ["new"]
        assert former.closes == 0
        former.gate.set()
        await old
        assert former.asked == ["old"]
        assert former.closes == 1

    bench(tmp_path, use, small=ModelSettings())


def test_everything_that_can_become_of_a_request_is_counted(tmp_path: Path) -> None:
    async def use(served: Bench) -> None:
        model = await closed(served)
        model.gate.set()
        said = [{"role": "user", "content": "hi"}]
        assert (await served.service.generate("small", said, {}))["text"] == "small"
        for error, raised in ((ModelRefused("no"), ValueError), (ModelError("no"), OSError)):
            model.fails = error
            with pytest.raises(raised, match="no"):
                await served.service.embed("small", ["x"])
        model.fails = ModelBusy("later", 7)
        with pytest.raises(Busy) as busy:
            await served.service.embed("small", ["x"])
        assert busy.value.seconds == 7
        model.fails = None
        answer = served.service.chat("small", ChatRequest(messages=said))
        await anext(answer)
        await answer.aclose()  # type: ignore[attr-defined]
        found = served.measured()
        for result in ("completed", "refused", "failed", "busy", "aborted"):
            name = f'hearthflow_model_requests_total{{model="small",result="{result}"}}'
            assert found[name] == 1, result
        for kind, count in (("prompt", 3), ("cached", 2), ("completion", 3)):
            name = f'hearthflow_model_tokens_total{{model="small",kind="{kind}"}}'
            assert found[name] == count, kind
        assert found['hearthflow_model_request_seconds_count{model="small"}'] == 1
        assert found['hearthflow_model_request_seconds_bucket{model="small",le="+Inf"}'] == 1
        recent = served.service.desk.gauges.of("small").recent()
        assert recent.queries_per_second == pytest.approx(1 / 60)
        assert recent.tokens_per_second > 0

    bench(tmp_path, use)


def test_the_overview_tells_what_each_is_and_how_it_does(tmp_path: Path) -> None:
    version = tmp_path / "models" / ".versions" / "small" / "3"
    version.mkdir(parents=True)
    (tmp_path / "models" / "small").symlink_to(".versions/small/3")
    far = ModelSettings(driver="openai", url="https://models.example/v1")
    both = ModelSettings(first="small", then="far")

    async def use(served: Bench) -> None:
        said = [{"role": "user", "content": "hi"}]
        await served.service.generate("small", said, {})
        served.models["small"].fails = ModelError("no")
        with pytest.raises(OSError, match="no"):
            await served.service.embed("small", ["x"])
        found = {view.name: view for view in served.service.all()}
        small = found["small"]
        assert (small.kind, small.driver, small.version) == ("model", "tvm", "3")
        assert (small.loaded, small.remote, found["far"].loaded, found["far"].remote) == (
            True,
            False,
            False,
            True,
        )
        assert (small.requests, small.failures, small.tokens) == (2, 1, 3)
        assert small.p50_seconds > 0
        assert (found["both"].kind, found["both"].means) == ("route", ["small", "far"])
        with pytest.raises(LookupError, match="no model `nobody`"):
            served.service.one("nobody")

    bench(tmp_path, use, small=ModelSettings(), far=far, both=both)


def test_a_model_whose_folder_is_gone_is_a_model_no_more(tmp_path: Path) -> None:
    folder = tmp_path / "models" / "tiny"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{}")

    async def use(served: Bench) -> None:
        assert (await served.service.classify("tiny", "hi", {}))["model"] == "tiny"
        (folder / "manifest.json").unlink()
        folder.rmdir()
        with pytest.raises(LookupError, match=r"no model `tiny` \(there are: small\)"):
            await served.service.classify("tiny", "hi", {})

    bench(tmp_path, use)
