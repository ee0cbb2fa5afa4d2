"""The openai driver talks to a gateway like ours, which speaks what others speak."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from edge_agent.models.driver import Machine, ModelBusy, ModelError, ModelRefused, Place
from edge_agent.models.drivers.openai import OpenAiDriver
from edge_agent.models.service import ModelService
from schemas.model import ChatRequest
from schemas.settings import ModelSettings
from tests.gateway.conftest import Site, site

__all__ = ["site"]
HELLO = [{"role": "user", "content": "hello there"}]


def using(url: str, use: Callable[[OpenAiDriver], Awaitable[Any]], name: str = "echo") -> Any:
    async def used() -> Any:
        place = Place("far", ModelSettings(driver="openai", url=url, name=name), Path())
        driver = OpenAiDriver(place)
        try:
            return await use(driver)
        finally:
            await driver.close()

    return asyncio.run(used())


async def said(driver: OpenAiDriver, **request: Any) -> list[str]:
    return [part.text async for part in driver.chat(ChatRequest(messages=HELLO, **request))]


def test_an_answer_comes_piece_by_piece(site: Site) -> None:
    assert using(f"{site.url}/v1", said) == ["hello ", "there ", ""]


def test_a_zero_is_asked_for_and_what_is_not_said_is_left_to_the_server(site: Site) -> None:
    using(f"{site.url}/v1", partial(said, temperature=0.0, seed=0, presence_penalty=0.0))
    asked = site.parts.models.asked[-1]
    assert (asked.temperature, asked.seed, asked.presence_penalty) == (0, 0, 0)
    assert asked.top_p is None and asked.frequency_penalty is None


def test_vectors_come_in_order(site: Site) -> None:
    async def use(driver: OpenAiDriver) -> list[list[float]]:
        return await driver.embed(["a", "bcd"])

    assert using(f"{site.url}/v1", use) == [[1.0, 0.5], [3.0, 0.5]]


def test_tool_calls_come_whole(site: Site) -> None:
    tool = {"type": "function", "function": {"name": "light"}}

    async def use(driver: OpenAiDriver) -> Any:
        request = ChatRequest(messages=HELLO, tools=[tool])
        return [part async for part in driver.chat(request)][-1]

    last = using(f"{site.url}/v1", use)
    assert (last.finish, last.tool_calls[0].name) == ("tool_calls", "light")


def test_what_the_server_refuses_is_refused_and_what_fails_is_told(site: Site) -> None:
    async def use(driver: OpenAiDriver) -> None:
        with pytest.raises(ModelRefused, match="bad luck"):
            await said(driver, max_tokens=13)
        with pytest.raises(ModelBusy, match="wait already") as busy:
            await said(driver, max_tokens=42)
        assert busy.value.seconds == 3

    using(f"{site.url}/v1", use)
    with pytest.raises(ModelRefused, match="no model `nobody`"):
        using(f"{site.url}/v1", said, "nobody")
    with pytest.raises(ModelError, match="process ended"):
        using(f"{site.url}/v1", said, "broken")


def test_a_server_that_is_not_there_is_named() -> None:
    with pytest.raises(ModelError, match=r"127\.0\.0\.1:9"):
        using("http://127.0.0.1:9/v1", said)


async def _reasoning(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A server whose model does not tell the probabilities of its tokens."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    if b"logprobs" in await reader.readexactly(length):
        answer = b'{"error": {"message": "logprobs are not supported with this model"}}'
        status, kind = b"400 Bad Request", b"application/json"
    else:
        answer = b'data: {"choices": [{"delta": {"content": "hi"}, "finish_reason": "stop"}]}\n\n'
        status, kind = b"200 OK", b"text/event-stream"
    lines = [b"HTTP/1.1 " + status, b"content-type: " + kind, b"connection: close", b"", answer]
    writer.write(b"\r\n".join(lines))
    await writer.drain()
    writer.close()


def test_a_model_that_does_not_tell_how_sure_it_is_is_asked_without() -> None:
    async def asked() -> None:
        server = await asyncio.start_server(_reasoning, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        driver = OpenAiDriver(Place("far", ModelSettings(driver="openai", url=url), Path()))
        for _ in range(2):
            assert await said(driver, confidence=True) == ["hi", ""]
        await driver.close()
        server.close()

    asyncio.run(asked())


def service(home: Path, url: str) -> ModelService:
    far = ModelSettings(driver="openai", url=url, name="echo")
    return ModelService(home, {"far": far}, machine=Machine("generic"))


def test_a_service_knows_its_models_and_answers_by_name(site: Site, tmp_path: Path) -> None:
    async def use() -> None:
        models = service(tmp_path, f"{site.url}/v1")
        assert models.names() == ["far"]
        answer = await models.generate("far", HELLO, {"max_tokens": 5})
        assert (answer["text"], answer["finish"]) == ("hello there ", "stop")
        assert await models.embed("far", ["abc"]) == [[3.0, 0.5]]
        with pytest.raises(LookupError, match=r"no model `near` \(there are: far\)"):
            await models.generate("near", HELLO, {})
        with pytest.raises(ValueError, match="needs `labels`"):
            await models.classify("far", "hello", {})
        assert (await models.classify("far", "hello", {"labels": ["a"]}))["intent"] == "none"
        await models.close()

    asyncio.run(use())


def test_a_swap_drops_no_request(site: Site, tmp_path: Path) -> None:
    async def use() -> None:
        models = service(tmp_path, f"{site.url}/v1")
        answer = models.chat("far", ChatRequest(messages=HELLO))
        first = await anext(answer)
        await models.load("far")
        rest = [part.text async for part in answer]
        assert (first.text, rest) == ("hello ", ["there ", ""])
        await models.close()

    asyncio.run(use())
