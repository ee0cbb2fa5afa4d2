"""OpenAI's own client talks to the gateway."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import openai
import pytest

from schemas.model import Asker
from tests.gateway.conftest import Site

HELLO: list[openai.types.chat.ChatCompletionMessageParam] = [
    {"role": "system", "content": "You are an echo."},
    {"role": "user", "content": "hello there"},
]
LIGHT: openai.types.chat.ChatCompletionToolParam = {
    "type": "function",
    "function": {"name": "light", "parameters": {"type": "object", "properties": {}}},
}


@pytest.fixture
def client(site: Site) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{site.url}/v1", api_key="none", max_retries=0) as client:
        yield client


def test_a_chat_is_answered_whole(client: openai.OpenAI, site: Site) -> None:
    answer = client.chat.completions.create(
        model="echo", messages=HELLO, temperature=0, seed=7, stop="x", max_completion_tokens=5
    )
    assert answer.choices[0].message.content == "hello there "
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert answer.usage.total_tokens == 5
    asked = site.parts.models.asked[-1]
    assert (asked.temperature, asked.seed, asked.stop, asked.max_tokens) == (0, 7, ["x"], 5)


def test_a_stream_comes_piece_by_piece_with_its_usage(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(
        model="echo", messages=HELLO, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    said = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices]
    assert [word for word in said if word] == ["hello ", "there "]
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 2


def test_a_schema_reaches_the_model(client: openai.OpenAI, site: Site) -> None:
    schema: dict[str, object] = {"type": "object", "properties": {"a": {"type": "integer"}}}
    client.chat.completions.create(
        model="echo",
        messages=HELLO,
        response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": schema}},
    )
    assert site.parts.models.asked[-1].schema == schema
    client.chat.completions.create(
        model="echo", messages=HELLO, response_format={"type": "json_object"}
    )
    assert site.parts.models.asked[-1].schema == {}


def test_who_asks_is_told_to_the_model(client: openai.OpenAI, site: Site) -> None:
    client.chat.completions.create(
        model="echo",
        messages=HELLO,
        service_tier="priority",
        metadata={"room": "cellar"},
        prompt_cache_key="ada",
    )
    assert site.parts.models.askers[-1] == Asker(
        priority="high", session="ada", labels={"room": "cellar"}
    )


def test_a_conversation_without_a_name_is_known_by_its_beginning(
    client: openai.OpenAI, site: Site
) -> None:
    more: list[openai.types.chat.ChatCompletionMessageParam] = [
        *HELLO,
        {"role": "assistant", "content": "hello there"},
        {"role": "user", "content": "bye"},
    ]
    other: list[openai.types.chat.ChatCompletionMessageParam] = [
        HELLO[0],
        {"role": "user", "content": "good day"},
    ]
    for messages in (HELLO, more, other):
        client.chat.completions.create(model="echo", messages=messages)
    first, second, third = (asker.session for asker in site.parts.models.askers[-3:])
    assert first == second != third


def test_a_tool_is_called(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model="echo", messages=HELLO, tools=[LIGHT])
    calls = answer.choices[0].message.tool_calls
    assert answer.choices[0].finish_reason == "tool_calls"
    assert calls is not None
    assert calls[0].type == "function"
    assert (calls[0].function.name, json.loads(calls[0].function.arguments)) == ("light", {})


def test_texts_become_vectors(client: openai.OpenAI) -> None:
    answer = client.embeddings.create(model="echo", input=["a", "bcd"])
    assert [row.embedding for row in answer.data] == [[1.0, 0.5], [3.0, 0.5]]
    one = client.embeddings.create(model="echo", input="ab", encoding_format="float")
    assert one.data[0].embedding == [2.0, 0.5]


def test_models_are_listed(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["echo", "broken"]
    assert client.models.retrieve("echo").id == "echo"


def test_what_is_wrong_is_told_in_openais_shape(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="there is no model `nobody`"):
        client.chat.completions.create(model="nobody", messages=HELLO)
    with pytest.raises(openai.BadRequestError, match="bad luck"):
        client.chat.completions.create(model="echo", messages=HELLO, max_tokens=13)
    with pytest.raises(openai.BadRequestError, match="temperature"):
        client.chat.completions.create(model="echo", messages=HELLO, temperature=7)
    with pytest.raises(openai.RateLimitError, match="ask again later") as busy:
        client.chat.completions.create(model="echo", messages=HELLO, max_tokens=42)
    assert busy.value.response.headers["retry-after"] == "3"
    with pytest.raises(openai.InternalServerError, match="process ended"):
        client.chat.completions.create(model="broken", messages=HELLO)


def test_a_model_that_fails_on_the_way_is_told_in_the_stream(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(model="broken", messages=HELLO, stream=True)
    with pytest.raises(openai.APIError, match="process ended"):
        list(stream)


def test_closing_a_stream_aborts_the_answer(client: openai.OpenAI, site: Site) -> None:
    long: list[openai.types.chat.ChatCompletionMessageParam] = [
        {"role": "user", "content": "word " * 200_000}
    ]
    stream = client.chat.completions.create(model="echo", messages=long, stream=True)
    next(iter(stream))
    stream.close()
    client.close()
    with httpx.Client() as other:
        for _ in range(200):
            if site.parts.models.aborted:
                break
            other.get(f"{site.url}/healthz")
    assert site.parts.models.aborted == 1
