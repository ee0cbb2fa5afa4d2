"""The tvm driver: a worker process that serves, is aborted, is killed, and comes back."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from edge_agent.models.driver import Machine, ModelError, ModelRefused, Place
from edge_agent.models.drivers.tvm import TvmDriver
from edge_agent.models.libraries import read_manifest, write_manifest
from edge_agent.models.signing import trusted_keys
from schemas.model import ChatPart, ChatRequest
from schemas.settings import ModelSettings
from tests.models.conftest import ARM, THIS, Made
from tests.models.tiny import CONFIG, Tiny

HELLO = [{"role": "user", "content": "what is it?"}]
SCHEMA = {
    "type": "object",
    "properties": {"state": {"enum": ["on", "off"]}, "n": {"type": "integer"}},
    "required": ["state", "n"],
    "additionalProperties": False,
}


def driver(model: Made, folder: Path | None = None, **settings: Any) -> TvmDriver:
    keys = tuple(trusted_keys(model.key))
    place = Place("tiny", ModelSettings(**settings), folder or model.folder, keys, Machine(THIS))
    return TvmDriver(place)


def serving(model: Made, use: Callable[[TvmDriver], Awaitable[None]], **settings: Any) -> None:
    async def served() -> None:
        tvm = driver(model, **settings)
        try:
            await use(tvm)
        finally:
            await tvm.close()

    asyncio.run(served())


async def ask(tvm: TvmDriver, **request: Any) -> tuple[str, ChatPart]:
    asked = ChatRequest(**{"messages": HELLO, **request})
    parts = [part async for part in tvm.chat(asked)]
    return "".join(part.text for part in parts), parts[-1]


def test_an_answer_streams_and_tells_its_usage(llama: Made) -> None:
    async def use(tvm: TvmDriver) -> None:
        text, last = await ask(tvm, max_tokens=9, temperature=0.0)
        assert text
        assert last.finish == "length"
        assert last.usage is not None
        assert last.usage.completion_tokens == 9
        again, last = await ask(tvm, max_tokens=9, temperature=0.0)
        assert again == text
        assert last.usage is not None
        assert last.usage.cached_tokens > 0

    serving(llama, use)


def test_an_answer_tells_how_sure_it_is_when_it_is_asked(llama: Made) -> None:
    async def use(tvm: TvmDriver) -> None:
        _, last = await ask(tvm, max_tokens=5, temperature=0.0)
        assert last.confidence is None
        _, last = await ask(tvm, max_tokens=5, temperature=0.0, confidence=True)
        assert last.confidence is not None
        assert 0 < last.confidence < 1

    serving(llama, use)


def test_the_same_seed_gives_the_same_answer_and_another_one_another(llama: Made) -> None:
    async def use(tvm: TvmDriver) -> None:
        drawn = [
            (await ask(tvm, max_tokens=20, temperature=1.0, top_p=0.9, seed=seed))[0]
            for seed in (1, 1, 2)
        ]
        assert drawn[0] == drawn[1] != drawn[2]

    serving(llama, use)


def test_json_is_brought_to_its_end_before_the_tokens_are_used_up(llama: Made) -> None:
    endless = {"type": "object", "properties": {"text": {"type": "string"}, "n": {"type": "number"},
               "list": {"type": "array", "items": {"type": "string"}}},
               "required": ["text", "n", "list"]}  # fmt: skip

    async def use(tvm: TvmDriver) -> None:
        for seed in range(4):
            text, _ = await ask(tvm, max_tokens=80, temperature=1.0, seed=seed, schema=endless)
            assert {"text", "n", "list"} <= json.loads(text).keys()

    serving(llama, use)


def test_a_forced_tool_comes_back_as_a_call(llama: Made) -> None:
    tool = {"type": "function", "function": {"name": "light", "parameters": SCHEMA}}

    async def use(tvm: TvmDriver) -> None:
        options = {"max_tokens": 120, "temperature": 0.7, "seed": 3}
        _, last = await ask(tvm, tools=[tool], tool_choice="required", **options)
        assert last.finish == "tool_calls"
        assert last.tool_calls[0].name == "light"
        assert json.loads(last.tool_calls[0].arguments)["state"] in ("on", "off")
        with pytest.raises(ModelRefused, match="names `door`"):
            await ask(tvm, tools=[tool], tool_choice={"function": {"name": "door"}})

    serving(llama, use)


def test_who_stops_listening_aborts_the_answer(llama: Made) -> None:
    async def use(tvm: TvmDriver) -> None:
        answer = tvm.chat(ChatRequest(messages=HELLO, max_tokens=200, temperature=1.0, seed=1))
        async for _ in answer:
            break
        await answer.aclose()
        assert not any([(await tvm.metrics()).running for _ in range(20)][-1:])
        assert (await ask(tvm, max_tokens=3))[1].finish == "length"

    serving(llama, use)


def test_a_stop_text_ends_an_answer_and_is_left_out(llama: Made) -> None:
    async def use(tvm: TvmDriver) -> None:
        whole, _ = await ask(tvm, max_tokens=30, temperature=0.0)
        stop = whole[4:7]
        text, last = await ask(tvm, max_tokens=30, temperature=0.0, stop=[stop])
        assert text == whole[: whole.index(stop)]
        assert last.finish == "stop"

    serving(llama, use)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"max_tokens": 0}, "max_tokens"),
        ({"temperature": 9.0}, "temperature"),
        ({"schema": {"type": "nonsense"}}, "schema"),
        ({"logit_bias": {"x": 1.0}}, "`x` is no token id .0 to 522."),
        ({"logit_bias": {"523": 1.0}}, "`523` is no token id"),
        (
            {"messages": [{"role": "user", "content": "word " * 100}]},
            r"\d tokens, this model takes",
        ),
        ({"messages": [{"role": "user", "content": "word" * 2_500_000}]}, "10000\\d+ characters"),
        ({"messages": [{"role": "judge", "content": "x"}]}, "knows no role `judge`"),
        ({"messages": [{"content": "x"}]}, "role"),
    ],
)
def test_a_wrong_request_is_refused_and_the_next_one_works(
    llama: Made, wrong: dict[str, Any], said: str
) -> None:
    async def use(tvm: TvmDriver) -> None:
        with pytest.raises(ModelRefused, match=said):
            await ask(tvm, **wrong)
        assert (await ask(tvm, max_tokens=3))[1].finish == "length"

    serving(llama, use)


def test_a_killed_worker_fails_its_requests_and_the_next_one_starts_it_again(llama: Made) -> None:
    async def use(tvm: TvmDriver) -> None:
        under_way = [asyncio.create_task(ask(tvm, max_tokens=200)) for _ in range(4)]
        await ask(tvm, max_tokens=1)
        assert tvm.worker is not None
        assert tvm.worker.pid is not None
        os.kill(tvm.worker.pid, signal.SIGKILL)
        ended = await asyncio.gather(*under_way, return_exceptions=True)
        assert all(isinstance(each, ModelError | tuple) for each in ended)
        assert any(isinstance(each, ModelError) for each in ended)
        assert (await ask(tvm, max_tokens=3))[1].finish == "length"

    serving(llama, use)


def test_a_worker_without_the_memory_it_needs_says_what_it_may_take(llama: Made) -> None:
    keys = tuple(trusted_keys(llama.key))
    place = Place("tiny", ModelSettings(), llama.folder, keys, Machine(THIS, memory=12_000_000))
    with pytest.raises(ModelError, match=r"not start: it took \d+ MB, and may take 12 MB"):
        asyncio.run(TvmDriver(place).load())


def flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def halved(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize("spoil", [flipped, halved])
def test_a_library_that_was_touched_is_never_loaded(
    llama: Made, tmp_path: Path, spoil: Callable[[Path], object]
) -> None:
    folder = llama.copy(tmp_path / "model")
    spoil(folder / f"{THIS}.so")
    with pytest.raises(ModelError, match="not the library that was signed"):
        asyncio.run(driver(llama, folder).load())


def test_a_manifest_of_a_stranger_is_not_believed(llama: Made, tmp_path: Path) -> None:
    folder = llama.copy(tmp_path / "model")
    place = Place("tiny", ModelSettings(), folder, (bytes(32),), Machine(THIS))
    with pytest.raises(ModelError, match="signed by nobody this home trusts"):
        asyncio.run(TvmDriver(place).load())


def test_a_machine_without_a_library_is_told_which_there_are(llama: Made) -> None:
    place = Place("tiny", ModelSettings(), llama.folder, tuple(trusted_keys(llama.key)))
    with pytest.raises(ModelError, match=f"no library for generic .it has: {ARM}, {THIS}."):
        asyncio.run(TvmDriver(place).load())


@pytest.mark.parametrize("name", ["params_shard_0.bin", "tokenizer.json", "tensor-cache.json"])
@pytest.mark.parametrize("spoil", [flipped, halved, Path.unlink])
def test_a_file_that_was_touched_after_signing_is_named_and_not_loaded(
    llama: Made, tmp_path: Path, spoil: Callable[[Path], object], name: str
) -> None:
    folder = llama.copy(tmp_path / "model")
    spoil(folder / name)
    with pytest.raises(ModelError, match=rf"{name} is .*; add .*the model again"):
        asyncio.run(driver(llama, folder).load())


def unindexed(folder: Path) -> None:
    (folder / "tensor-cache.json").unlink()


def strange(folder: Path) -> None:
    (folder / "tokenizer.json").write_text("{}")


def shorter(folder: Path) -> None:
    halved(folder / "params_shard_1.bin")


def smaller(folder: Path) -> None:
    Tiny("llama", "q4f32_1", config={**CONFIG, "hidden_size": 96}).write(folder)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (unindexed, "no tensor-cache.json"),
        (strange, "tokenizer.json"),
        (shorter, r"params_shard_1.bin: \d+ bytes, should be \d+; download it again"),
        (smaller, r"`model.embed_tokens.q_weight` has the shape \[523, 12\], not \[523, 8\]"),
    ],
)
def test_a_folder_that_was_signed_damaged_is_told_by_the_worker(
    llama: Made, tmp_path: Path, spoil: Callable[[Path], object], said: str
) -> None:
    folder = llama.copy(tmp_path / "model")
    spoil(folder)
    manifest = read_manifest(folder, trusted_keys(llama.key))
    write_manifest(folder, structs.replace(manifest, files={}), llama.key)
    with pytest.raises(ModelError, match=said):
        asyncio.run(driver(llama, folder).load())


def test_a_folder_that_nobody_signed_says_how_to_sign_it(llama: Made, tmp_path: Path) -> None:
    folder = llama.copy(tmp_path / "model")
    (folder / "manifest.sig").unlink()
    with pytest.raises(ModelError, match="nobody signed it; hearth models add DIR"):
        asyncio.run(driver(llama, folder).load())
