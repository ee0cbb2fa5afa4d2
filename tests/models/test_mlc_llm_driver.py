"""The driver mlc_llm on a stand-in of its package, which is on no index."""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_agent.models.driver import ModelError, ModelRefused, Place
from edge_agent.models.drivers.mlc_llm import MlcLlmDriver
from schemas.model import ChatPart, ChatRequest
from schemas.settings import ModelSettings

STAND_IN = Path(__file__).parent / "stand_in"


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """The engines that were made."""
    monkeypatch.syspath_prepend(str(STAND_IN))
    engine: Any = importlib.import_module("mlc_llm").AsyncMLCEngine
    engine.made.clear()
    yield engine.made
    del sys.modules["mlc_llm"]


def using(folder: Path, use: Callable[[MlcLlmDriver], Awaitable[Any]]) -> Any:
    (folder / "mlc-chat-config.json").write_text("{}")

    async def used() -> Any:
        driver = MlcLlmDriver(Place("far", ModelSettings(driver="mlc_llm"), folder))
        await driver.load()
        try:
            return await use(driver)
        finally:
            await driver.close()

    return asyncio.run(used())


async def ask(driver: MlcLlmDriver, text: str, **request: Any) -> list[ChatPart]:
    asked = ChatRequest(messages=[{"role": "user", "content": text}], **request)
    return [part async for part in driver.chat(asked)]


def test_an_answer_streams_and_ends_with_its_usage(engines: list[Any], tmp_path: Path) -> None:
    parts = using(tmp_path, lambda driver: ask(driver, "the hall is warm", max_tokens=3, seed=1))
    assert "".join(part.text for part in parts) == "the hall is"
    assert parts[-1].finish == "length"
    assert parts[-1].usage is not None
    (engine,) = engines
    assert (engine.asked[0]["max_tokens"], engine.asked[0]["seed"]) == (3, 1)
    assert engine.asked[0]["stream_options"] == {"include_usage": True}
    assert engine.terminated


def test_a_schema_and_a_forced_tool_go_as_json_schema(engines: list[Any], tmp_path: Path) -> None:
    called = '{"name":"light","arguments":{"on":true}}'
    tool = {"type": "function", "function": {"name": "light", "parameters": {"type": "object"}}}

    async def use(driver: MlcLlmDriver) -> list[ChatPart]:
        await ask(driver, "{}", schema={"type": "object"})
        return await ask(driver, called, tools=[tool], tool_choice="required")

    last = using(tmp_path, use)[-1]
    assert (last.finish, last.tool_calls[0].name) == ("tool_calls", "light")
    formats = [asked["response_format"] for asked in engines[0].asked]
    assert formats[0] == {"type": "json_object", "schema": '{"type":"object"}'}
    assert json.loads(formats[1]["schema"])["anyOf"]


def test_who_stops_listening_aborts_the_answer(engines: list[Any], tmp_path: Path) -> None:
    async def use(driver: MlcLlmDriver) -> None:
        asked = ChatRequest(messages=[{"role": "user", "content": "a b c"}])
        answer = driver.chat(asked)
        await anext(answer)
        await answer.aclose()
        assert (await driver.metrics()).running == 0

    using(tmp_path, use)
    assert len(engines[0].aborted) == 1


def test_what_it_refuses_is_refused_and_no_package_is_told(
    engines: list[Any], tmp_path: Path
) -> None:
    async def use(driver: MlcLlmDriver) -> None:
        with pytest.raises(ModelRefused, match="the request is bad"):
            await ask(driver, "bad")

    using(tmp_path, use)
    assert not engines[0].aborted


def test_without_the_package_the_driver_says_so(tmp_path: Path) -> None:
    driver = MlcLlmDriver(Place("far", ModelSettings(driver="mlc_llm"), tmp_path))
    with pytest.raises(ModelError, match="needs its package"):
        asyncio.run(driver.load())
