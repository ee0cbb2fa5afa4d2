"""The memory of all models: who fits, who goes, who is refused, and what is ready in advance."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from edge_agent.models.driver import Machine, ModelError, Place
from edge_agent.models.room import expected_bytes
from pipelines.ports import Busy
from schemas.settings import ModelSettings
from tests.models.scripted import Bench, Scripted, settled

MB = 1_000_000


def bench(
    home: Path,
    use: Callable[[Bench], Awaitable[None]],
    *,
    sizes: dict[str, int],
    memory: int | None = 100 * MB,
    **settings: ModelSettings,
) -> None:
    """Models of these sizes in MB, with so much memory for all of them."""

    def prepare(driver: Scripted) -> None:
        driver.resident_bytes = sizes[driver.place.name] * MB

    async def used() -> None:
        models = {name: ModelSettings() for name in sizes} | settings
        served = Bench(home, models, prepare, memory)
        await use(served)
        await served.service.close()

    asyncio.run(used())


async def ask(served: Bench, name: str) -> None:
    await served.service.classify(name, "hello", {})


def loaded(served: Bench) -> set[str]:
    return set(served.service.desk.residents.loaded)


def test_the_longest_unused_goes_when_another_needs_its_memory(tmp_path: Path) -> None:
    async def use(served: Bench) -> None:
        for name in ("a", "b", "a", "c"):
            await ask(served, name)
        await served.service.desk.residents.look()
        assert loaded(served) == {"a", "c"}
        assert served.models["b"].closes == 1
        measured = served.measured()
        assert measured['hearthflow_model_memory_bytes{model="a"}'] == 40 * MB
        assert 'hearthflow_model_memory_bytes{model="b"}' not in measured
        first = served.models["b"]
        await ask(served, "b")
        assert served.models["b"] is not first
        assert loaded(served) == {"b", "c"}

    bench(tmp_path, use, sizes={"a": 40, "b": 40, "c": 40})


def test_what_is_kept_or_urgent_stays_and_what_is_in_use_is_never_closed(tmp_path: Path) -> None:
    async def use(served: Bench) -> None:
        for name in ("kept", "urgent", "b"):
            await ask(served, name)
        served.service.desk.room.urgent = frozenset({"urgent"})
        await ask(served, "c")
        await served.service.desk.residents.look()
        assert loaded(served) == {"kept", "urgent", "c"}
        served.models["c"].gate.clear()
        served.models["urgent"].gate.clear()
        busy = [asyncio.create_task(ask(served, name)) for name in ("c", "urgent")]
        await settled()
        with pytest.raises(Busy, match="`b` needs about 30 MB, which c, kept, urgent leave no"):
            await ask(served, "b")
        assert served.models["c"].closes == served.models["urgent"].closes == 0
        for name in ("c", "urgent"):
            served.models[name].gate.set()
        await asyncio.gather(*busy)
        await ask(served, "b")
        assert loaded(served) == {"kept", "urgent", "b"}

    kept = ModelSettings(keep_loaded=True)
    bench(tmp_path, use, sizes={"kept": 30, "urgent": 30, "b": 30, "c": 30}, kept=kept)


def test_without_a_budget_nobody_goes(tmp_path: Path) -> None:
    async def use(served: Bench) -> None:
        for name in ("a", "b"):
            await ask(served, name)
        await served.service.desk.residents.look()
        assert loaded(served) == {"a", "b"}

    bench(tmp_path, use, sizes={"a": 900, "b": 900}, memory=None)


def weights(folder: Path, size: int) -> Path:
    folder.mkdir(parents=True)
    with (folder / "params_shard_0.bin").open("wb") as shard:
        shard.truncate(size)
    return folder


def test_a_model_that_can_never_fit_is_refused_before_it_is_loaded(tmp_path: Path) -> None:
    weights(tmp_path / "models" / "large", 80 * MB)

    async def use(served: Bench) -> None:
        with pytest.raises(OSError, match=r"needs about 130 MB, and it may take 100 MB: lower its"):
            await ask(served, "large")
        assert served.models == {}
        with pytest.raises(OSError, match=r"may take 60 MB"):
            await ask(served, "capped")

    capped = ModelSettings(path="models/large", memory="60MB")
    bench(tmp_path, use, sizes={"large": 130}, capped=capped)


def test_what_a_folder_will_take_is_its_weights_its_cache_and_a_process(
    tmp_path: Path,
) -> None:
    folder = weights(tmp_path / "x", 10 * MB)
    place = Place("x", ModelSettings(tokens=1000), folder, machine=Machine("generic"))
    bare = expected_bytes(place)
    (folder / "mlc-chat-config.json").write_text(
        '{"model_type": "llama", "quantization": "q4f32_1", "model_config": {"hidden_size": 64,'
        '"intermediate_size": 128, "num_attention_heads": 4, "num_key_value_heads": 2,'
        '"num_hidden_layers": 3, "vocab_size": 500, "rms_norm_eps": 1e-5}}'
    )
    assert expected_bytes(place) - bare == 1000 * 2 * 3 * 2 * 16 * 4
    far = Place("x", ModelSettings(url="http://x/v1"), folder)
    assert expected_bytes(far) == 0
    assert expected_bytes(Place("x", ModelSettings(), tmp_path / "none")) == 0


@pytest.fixture
def versions(tmp_path: Path) -> Path:
    """A model with two versions of 60 MB; the first is in force."""
    for version in ("1", "2"):
        (tmp_path / "models" / ".versions" / "a" / version).mkdir(parents=True)
    link = tmp_path / "models" / "a"
    link.symlink_to(".versions/a/1")
    return link


def promote(link: Path) -> None:
    link.unlink()
    link.symlink_to(".versions/a/2")


async def swapped(served: Bench, link: Path) -> tuple[Scripted, list[asyncio.Task[Any]]]:
    """The former version with a request under way, and requests that came after a promotion."""
    await ask(served, "a")
    former = served.models["a"]
    former.gate.clear()
    tasks = [asyncio.create_task(ask(served, "a"))]
    await settled()
    served.service.desk.room.took(former.place, 60 * MB)
    fresh = served.service.desk.place("a")
    promote(link)
    served.service.desk.room.took(served.service.desk.place("a"), 60 * MB)
    assert fresh.folder == former.place.folder
    tasks += [asyncio.create_task(ask(served, "a")) for _ in range(3)]
    await settled()
    return former, tasks


def test_two_versions_that_do_not_fit_together_follow_one_another_and_nobody_is_dropped(
    tmp_path: Path, versions: Path
) -> None:
    async def use(served: Bench) -> None:
        former, tasks = await swapped(served, versions)
        assert served.models["a"] is former
        former.gate.set()
        await asyncio.gather(*tasks)
        assert (len(former.asked), former.closes) == (2, 1)
        assert len(served.models["a"].asked) == 3

    bench(tmp_path, use, sizes={"a": 60})


def test_a_version_that_does_not_load_gives_its_room_back_to_the_former(
    tmp_path: Path, versions: Path
) -> None:
    def spoil(driver: Scripted) -> None:
        driver.resident_bytes = 60 * MB
        if driver.place.folder.name == "2":
            driver.refuses_to_load = ModelError("a flipped bit")

    async def use() -> None:
        served = Bench(tmp_path, {"a": ModelSettings()}, spoil, 100 * MB)
        former, tasks = await swapped(served, versions)
        former.gate.set()
        await asyncio.gather(*tasks)
        again = served.models["a"]
        assert again is not former
        assert again.place.folder == former.place.folder
        assert len(again.asked) == 3
        await served.service.close()

    asyncio.run(use())


# ---------------------------------------------------------------------- in advance
def test_models_are_warm_before_the_agent_says_that_it_is_ready(tmp_path: Path) -> None:
    warm = ModelSettings(warm_up=True)
    both = ModelSettings(first="a", then="b", warm_up=True)

    def closed(driver: Scripted) -> None:
        driver.gate.clear()
        if driver.place.name == "b":
            driver.fails = ModelError("no weights")

    async def use() -> None:
        models = {"a": ModelSettings(), "b": ModelSettings(), "both": both, "c": warm}
        served = Bench(tmp_path, models, closed)
        served.service.prepare(lambda: ["d"])
        await settled()
        preparing = served.service.preparing
        assert preparing.warming == "warming up a, b, c"
        for name in ("a", "b", "c"):
            served.models[name].gate.set()
            await settled()
        assert preparing.warming == ""
        assert preparing.problem.startswith("b: no weights; d: there is no model `d`")
        assert served.models["a"].asked == ["Hello!"]
        assert (
            served.measured().get('hearthflow_model_requests_total{model="a",result="completed"}')
            is None
        )
        await served.service.close()

    asyncio.run(use())


def test_models_of_urgent_pipelines_are_loaded_and_not_tried(tmp_path: Path) -> None:
    async def use() -> None:
        urgent = ["a"]
        served = Bench(tmp_path, {"a": ModelSettings(), "b": ModelSettings()})
        served.service.prepare(lambda: urgent)
        await settled()
        assert served.models["a"].loads == 1
        assert served.models["a"].asked == []
        assert "b" not in served.models
        urgent.append("b")
        served.service.preparing.want()
        await settled()
        assert served.models["b"].loads == 1
        assert served.models["a"].loads == 1
        await served.service.close()

    asyncio.run(use())


def test_who_gives_up_while_a_model_loads_does_not_end_its_loading(tmp_path: Path) -> None:
    async def use() -> None:
        served = Bench(tmp_path, {"a": ModelSettings()}, lambda driver: driver.loading.clear())
        impatient, patient = (asyncio.create_task(ask(served, "a")) for _ in range(2))
        await settled()
        impatient.cancel()
        await settled()
        served.models["a"].loading.set()
        await patient
        assert (served.models["a"].loads, served.models["a"].closes) == (1, 0)
        await served.service.close()

    asyncio.run(use())


def test_a_service_that_closes_leaves_no_loading_behind(tmp_path: Path) -> None:
    async def use() -> None:
        served = Bench(tmp_path, {"a": ModelSettings()}, lambda driver: driver.loading.clear())
        asked = asyncio.create_task(ask(served, "a"))
        await settled()
        await served.service.close()
        assert served.models["a"].closes == 1
        with pytest.raises(asyncio.CancelledError):
            await asked

    asyncio.run(use())
