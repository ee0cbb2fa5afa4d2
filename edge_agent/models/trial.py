"""A model tried and measured by itself, as `hearth models test` and `bench` do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct

from edge_agent.models import tasks
from edge_agent.models.driver import Driver, ModelRefused
from edge_agent.models.libraries import MANIFEST, check_files, read_manifest
from edge_agent.models.service import ModelService
from edge_agent.models.start import make_models
from pipelines.model_names import meant
from schemas.model import ChatRequest
from schemas.settings import Settings

_SENTENCE, _QUERIES = "Turn on the light in the kitchen.", 200
_PROMPT = "Tell me about the weather, the house and the garden, in as many words as you can find."


class Figure(Struct, frozen=True):
    """One measured figure."""

    what: str
    value: float
    unit: str


async def try_model(home: Path, settings: Settings, name: str, prompt: str) -> dict[str, Any]:
    """An answer of a model whose files were checked before.

    Raises:
        LookupError, ModelError, OSError, ValueError: what is wrong with it.
    """
    async with _opened(home, settings) as models:
        folder = models.desk.place(name).folder
        if (folder / MANIFEST).exists():
            manifest = read_manifest(folder, models.keys)
            check_files(folder, manifest)
            if manifest.kind == "anomaly":
                await models.load(name)
                return {"text": f"{name} is sound; it judges {manifest.source}"}
        alone = meant(name, settings.models) == [name]
        does = (await models.load(name)).does if alone else frozenset({"chat"})
        return await _first_answer(models, name, prompt, does=does)


async def measure_model(
    home: Path, settings: Settings, name: str, *, tokens: int, streams: int
) -> list[Figure]:
    """Loading, answers one after the other and several at once, memory; `tokens` are of a chat.

    Raises:
        LookupError, ModelError: there is no such model, or it does not load or answer.
    """
    async with _opened(home, settings) as models:
        begun = time.perf_counter()
        driver = await models.load(name)
        loading = Figure("loading", time.perf_counter() - begun, "s")
        if "chat" in driver.does:
            answering = await _talking(driver, tokens, streams)
        else:
            answering = await _reading(driver, streams)
        memory = (await driver.metrics()).resident_bytes
    return [loading, *answering, Figure("memory of the worker", memory / 1e6, "MB")]


async def _talking(driver: Driver, tokens: int, streams: int) -> list[Figure]:
    await _answer(driver, 1, seed=0)
    first = await _timed(driver, [1])
    one = await _timed(driver, [tokens])
    several = await _timed(driver, [tokens] * streams)
    return [
        Figure("first token", first * 1e3, "ms"),
        Figure("one answer", tokens / one, "tokens/s"),
        Figure(f"{streams} at once", tokens * streams / several, "tokens/s"),
    ]


async def _reading(driver: Driver, streams: int) -> list[Figure]:
    """The same of a model that classifies or embeds."""
    await _read(driver)
    begun = time.perf_counter()
    for _ in range(_QUERIES):
        await _read(driver)
    one, begun = time.perf_counter() - begun, time.perf_counter()
    for _ in range(_QUERIES // streams + 1):
        await asyncio.gather(*(_read(driver) for _ in range(streams)))
    several = (time.perf_counter() - begun) / ((_QUERIES // streams + 1) * streams)
    return [
        Figure("one answer", one / _QUERIES * 1e3, "ms"),
        Figure(f"{streams} at once", 1 / several, "queries/s"),
    ]


async def _read(driver: Driver) -> None:
    if "classify" in driver.does:
        await driver.classify(_SENTENCE)
    elif "embed" in driver.does:
        await driver.embed([_SENTENCE])
    else:
        raise ModelRefused("what judges sensors is not measured: a value costs it microseconds")


async def _first_answer(
    models: ModelService, name: str, prompt: str, *, does: frozenset[str]
) -> dict[str, Any]:
    """What a model makes of a text, and that in words as `text`."""
    if "chat" in does:
        said = [{"role": "user", "content": prompt}]
        return await models.generate(name, said, {"max_tokens": 64})
    if "classify" in does:
        found = await models.classify(name, prompt, {})
        return {**found, "text": f"{found['intent']} ({found['confidence']:.0%} sure)"}
    (vector,) = await models.embed(name, [prompt])
    return {"vector": vector, "text": f"a vector of {len(vector)} numbers"}


async def _timed(driver: Driver, lengths: list[int]) -> float:
    begun = time.perf_counter()
    await asyncio.gather(*(_answer(driver, each, seed=i) for i, each in enumerate(lengths)))
    return time.perf_counter() - begun


async def _answer(driver: Driver, tokens: int, *, seed: int) -> dict[str, Any]:
    said = [{"role": "user", "content": f"{seed}. {_PROMPT}"}]
    request = ChatRequest(messages=said, max_tokens=tokens, temperature=1.0, seed=seed)
    return await tasks.answer(driver.chat(request), request)


@asynccontextmanager
async def _opened(home: Path, settings: Settings) -> AsyncIterator[ModelService]:
    models = make_models(home, settings)
    try:
        yield models
    finally:
        await models.close()
