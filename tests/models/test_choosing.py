"""Names that stand for several models: splits, and a small model before a larger one."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from edge_agent.models.choosing import Choosing
from edge_agent.models.driver import ModelError, ModelRefused
from schemas.model import Asker, ChatRequest
from schemas.settings import ModelSettings, ShareSettings
from tests.models.scripted import Bench

HELLO = [{"role": "user", "content": "hello"}]
FAR = ModelSettings(driver="openai", url="https://models.example/v1")
NEAR = ModelSettings(driver="openai", url="http://127.0.0.1:8000/v1")


def split(*shares: ShareSettings) -> Choosing:
    return Choosing({"both": ModelSettings(split=list(shares))})


def drawn(choosing: Choosing, sessions: int) -> dict[str, Any]:
    return {str(n): choosing.choice("both", Asker(session=f"session {n}")) for n in range(sessions)}


def test_a_split_shares_conversations_by_weight_and_each_stays_with_one() -> None:
    choosing = split(ShareSettings(model="a", weight=90), ShareSettings(model="b", weight=10))
    chosen = drawn(choosing, 4000)
    counts = Counter(chosen.values())
    assert 340 <= counts["b"] <= 460
    assert drawn(choosing, 4000) == chosen


def test_a_changed_weight_moves_no_more_conversations_than_it_must() -> None:
    before = drawn(split(ShareSettings(model="a", weight=9), ShareSettings(model="b")), 2000)
    after = drawn(split(ShareSettings(model="a", weight=4), ShareSettings(model="b")), 2000)
    moved = [n for n in before if before[n] != after[n]]
    assert all(after[n] == "b" for n in moved)
    assert 140 <= len(moved) <= 260


def test_who_has_no_conversation_is_shared_too() -> None:
    choosing = split(ShareSettings(model="a"), ShareSettings(model="b"))
    assert {choosing.choice("both", Asker()) for _ in range(200)} == {"a", "b"}


def test_a_label_takes_what_has_it_and_nothing_else() -> None:
    choosing = split(ShareSettings(model="a"), ShareSettings(model="b", label="room=cellar"))
    cellar = Asker(session="x", labels={"room": "cellar"})
    assert choosing.choice("both", cellar) == "b"
    others = [Asker(session=str(n), labels={"room": "attic"}) for n in range(50)]
    assert {choosing.choice("both", asker) for asker in others} == {"a"}


def test_what_must_stay_on_the_device_is_shared_among_those_that_run_there() -> None:
    shares = [ShareSettings(model=name) for name in ("far", "near", "here")]
    choosing = Choosing({"far": FAR, "near": NEAR, "both": ModelSettings(split=shares)})
    local = [Asker(session=str(n), where="local") for n in range(50)]
    assert {choosing.choice("both", asker) for asker in local} == {"near", "here"}
    assert choosing.choice("both", Asker(session="x", where="cloud")) == "far"
    with pytest.raises(ModelRefused, match="`far` runs on a server"):
        choosing.choice("far", Asker(where="local"))
    with pytest.raises(ModelRefused, match="`here` runs on this device, and no coordinator"):
        choosing.choice("here", Asker(where="cloud"))


# ---------------------------------------------------------------------- small first, then larger
ROUTE = ModelSettings(first="small", then="large", below=0.7, up_to=500)
MODELS = {"assistant": ROUTE, "small": ModelSettings(), "large": FAR}


def routed(home: Path, use: Callable[[Bench], Awaitable[None]]) -> None:
    async def used() -> None:
        bench = Bench(home, MODELS)
        for name in ("small", "large"):
            await bench.service.load(name)
        await use(bench)
        await bench.service.close()

    asyncio.run(used())


async def said(bench: Bench, **more: Any) -> str:
    answer = await bench.service.generate("assistant", HELLO, more)
    assert answer["model"] == answer["text"]
    return str(answer["text"])


def test_a_small_model_that_is_sure_answers_alone(tmp_path: Path) -> None:
    async def use(bench: Bench) -> None:
        assert await said(bench) == "small"
        assert (await bench.service.classify("assistant", "hello", {}))["model"] == "small"
        assert bench.models["small"].asked[0].confidence
        assert bench.models["large"].asked == []

    routed(tmp_path, use)


def test_where_the_small_one_is_unsure_the_larger_answers(tmp_path: Path) -> None:
    async def use(bench: Bench) -> None:
        bench.models["small"].confidence = 0.69
        assert await said(bench) == "large"
        found = await bench.service.classify("assistant", "hello", {})
        assert (found["model"], found["intent"]) == ("large", "large")
        name = 'hearthflow_model_choices_total{model="assistant",chosen="large",reason="unsure"}'
        assert bench.measured()[name] == 2

    routed(tmp_path, use)


def test_a_model_that_cannot_tell_how_sure_it_is_counts_as_sure(tmp_path: Path) -> None:
    async def use(bench: Bench) -> None:
        bench.models["small"].confidence = None
        assert await said(bench) == "small"

    routed(tmp_path, use)


def test_what_is_long_goes_to_the_larger_one_at_once(tmp_path: Path) -> None:
    long = [{"role": "user", "content": "word " * 100}]

    async def use(bench: Bench) -> None:
        parts = bench.service.chat("assistant", ChatRequest(messages=long))
        assert [part.text async for part in parts] == ["large", ""]
        tool = {"type": "function", "function": {"name": "x", "description": "y" * 500}}
        assert await said(bench, tools=[tool]) == "large"
        assert bench.models["small"].asked == []

    routed(tmp_path, use)


def test_a_small_one_that_fails_is_stood_in_for(tmp_path: Path) -> None:
    async def use(bench: Bench) -> None:
        bench.models["small"].fails = ModelError("its process ended")
        assert await said(bench) == "large"
        assert (await bench.service.classify("assistant", "hello", {}))["model"] == "large"

    routed(tmp_path, use)


def test_an_unsure_answer_is_better_than_none(tmp_path: Path) -> None:
    async def use(bench: Bench) -> None:
        bench.models["small"].confidence = 0.1
        bench.models["large"].fails = ModelError("no network")
        assert await said(bench) == "small"
        found = await bench.service.classify("assistant", "hello", {})
        assert (found["model"], found["confidence"]) == ("small", 0.1)
        bench.models["small"].fails = ModelError("its process ended")
        with pytest.raises(OSError, match="no network"):
            await said(bench)

    routed(tmp_path, use)


def test_what_is_private_is_never_shown_to_the_larger_one_elsewhere(tmp_path: Path) -> None:
    async def use(bench: Bench) -> None:
        bench.models["small"].confidence = 0.1
        private = Asker(where="local")
        answer = await bench.service.generate("assistant", HELLO, {}, private)
        assert answer["text"] == "small"
        assert bench.models["large"].asked == []

    routed(tmp_path, use)


def test_no_larger_one_is_asked_when_the_time_is_over(tmp_path: Path) -> None:
    async def use(bench: Bench) -> None:
        bench.models["small"].confidence = 0.1
        answer = await bench.service.generate("assistant", HELLO, {}, Asker(within=60))
        assert answer["text"] == "large"
        assert 0 < bench.models["large"].asked[0].deadline <= 60
        with pytest.raises(OSError, match="no time is left"):
            await bench.service.generate("assistant", HELLO, {}, Asker(within=0))

    routed(tmp_path, use)


def test_vectors_of_two_models_are_not_mixed(tmp_path: Path) -> None:
    async def use(bench: Bench) -> None:
        with pytest.raises(ValueError, match="is small and large; vectors are asked of one alone"):
            await bench.service.embed("assistant", ["x"])

    routed(tmp_path, use)


def test_what_stands_for_others_is_not_loaded_itself(tmp_path: Path) -> None:
    async def use(bench: Bench) -> None:
        with pytest.raises(ModelRefused, match="stands for small, large: name one of them"):
            await bench.service.load("assistant")

    routed(tmp_path, use)
