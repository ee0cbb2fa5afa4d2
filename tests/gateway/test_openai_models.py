"""OpenAI's own client, the gateway, and real models in their worker processes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator

import jsonschema
import openai
import pytest
from msgspec import structs

from edge_agent.models.adding import add_model
from edge_agent.models.driver import Machine
from edge_agent.models.service import ModelService
from edge_agent.models.signing import trusted_keys
from schemas.settings import ModelSettings
from tests.gateway.conftest import Site
from tests.gateway.fakes import Parts
from tests.models.conftest import THIS, Made, llama, shared
from tests.models.exported import embedder

__all__ = ["llama", "shared"]
HELLO: list[openai.types.chat.ChatCompletionMessageParam] = [
    {"role": "user", "content": "what is it?"}
]
LIGHT: dict[str, object] = {
    "type": "object",
    "properties": {"state": {"enum": ["on", "off"]}, "n": {"type": "integer"}},
    "required": ["state", "n"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def service(llama: Made, tmp_path_factory: pytest.TempPathFactory) -> ModelService:
    """A chat model and an embedder, as they lie in a home."""
    home = tmp_path_factory.mktemp("home")
    shutil.copytree(llama.folder, home / "models" / "tiny")
    export = tmp_path_factory.mktemp("sayings")
    embedder(export)
    (home / "models" / "sayings").mkdir()
    out = home / "models" / "sayings"
    add_model(export, out, name="sayings", libraries=[], licence="", key=llama.key)
    settings = {"tiny": ModelSettings(sequences=1)}
    return ModelService(home, settings, machine=Machine(THIS), keys=trusted_keys(llama.key))


@pytest.fixture(scope="module")
def site(service: ModelService, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    def parts() -> Parts:
        made = Parts()
        made.gateway = structs.replace(made.gateway, models=service)
        return made

    site = Site(tmp_path_factory.mktemp("site"), None, parts)
    yield site
    site.wait(service.close())
    site.stop()


@pytest.fixture
def client(site: Site) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{site.url}/v1", api_key="none", max_retries=0) as client:
        yield client


def test_models_are_listed(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["sayings", "tiny"]


def test_a_chat_is_answered(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(
        model="tiny", messages=HELLO, temperature=0, max_completion_tokens=6
    )
    assert answer.choices[0].message.content
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 6


def test_a_stream_says_the_same_piece_by_piece(client: openai.OpenAI) -> None:
    whole = client.chat.completions.create(
        model="tiny", messages=HELLO, temperature=0, max_completion_tokens=12
    )
    stream = client.chat.completions.create(
        model="tiny", messages=HELLO, temperature=0, max_completion_tokens=12, stream=True,
        stream_options={"include_usage": True},
    )  # fmt: skip
    chunks = list(stream)
    said = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert sum(map(bool, said)) > 1
    assert "".join(said) == whole.choices[0].message.content
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 12


def test_a_tool_is_called_with_what_its_schema_allows(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(
        model="tiny", messages=HELLO, seed=3, max_completion_tokens=120, tool_choice="required",
        tools=[{"type": "function", "function": {"name": "light", "parameters": LIGHT}}],
    )  # fmt: skip
    choice = answer.choices[0]
    assert choice.finish_reason == "tool_calls"
    assert choice.message.tool_calls is not None
    (call,) = choice.message.tool_calls
    assert call.type == "function"
    assert call.function.name == "light"
    jsonschema.validate(json.loads(call.function.arguments), LIGHT)


def test_an_answer_follows_its_schema(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(
        model="tiny", messages=HELLO, seed=1, max_completion_tokens=100,
        response_format={"type": "json_schema", "json_schema": {"name": "light", "schema": LIGHT}},
    )  # fmt: skip
    jsonschema.validate(json.loads(answer.choices[0].message.content or ""), LIGHT)


def test_texts_become_vectors(client: openai.OpenAI) -> None:
    answer = client.embeddings.create(model="sayings", input=["turn on the light", "what time"])
    assert [len(row.embedding) for row in answer.data] == [8, 8]


def test_closing_a_stream_frees_its_place_in_the_worker(
    client: openai.OpenAI, site: Site, service: ModelService
) -> None:
    client.chat.completions.create(model="tiny", messages=HELLO, max_completion_tokens=1)
    told = service.one("tiny").tokens
    stream = client.chat.completions.create(
        model="tiny", messages=HELLO, max_completion_tokens=200, stream=True, seed=5
    )
    next(iter(stream))
    stream.close()
    again = client.chat.completions.create(  # there is one place: it waits for the other's end
        model="tiny", messages=HELLO, max_completion_tokens=1
    )
    assert again.usage is not None
    driver = service.desk.residents.loaded["tiny"].driver
    assert site.wait(driver.metrics()).running == 0
    tokens = service.one("tiny").tokens
    assert tokens == told + 1, "the aborted answer was not generated to its end"


def test_what_is_no_text_is_refused(client: openai.OpenAI) -> None:
    picture: openai.types.chat.ChatCompletionContentPartImageParam = {
        "type": "image_url",
        "image_url": {"url": "data:image/png;base64,AA=="},
    }
    with pytest.raises(openai.BadRequestError, match="`image_url`; only text is read"):
        client.chat.completions.create(
            model="tiny", messages=[{"role": "user", "content": [picture]}]
        )
