"""The model in the box behind the models service: its process, its libraries, its stand-in."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from edge_agent.intents.shipped import FOLDER, shipped_library
from edge_agent.models.driver import Machine, ModelError, ModelRefused, Place
from edge_agent.models.drivers import intent
from edge_agent.models.drivers.intent import IntentDriver
from edge_agent.models.drivers.rules import RulesDriver
from edge_agent.models.libraries import listed, write_manifest
from edge_agent.models.service import ModelService
from edge_agent.models.signing import Key
from edge_agent.models.start import SHIPPED
from schemas.intent import Understood
from schemas.model import Manifest
from schemas.settings import ModelSettings

HERE = Machine("x86-64-v2")
LIGHTS = "turn on the kitchen lights"


def place(folder: Path, machine: Machine = HERE, keys: tuple[bytes, ...] = ()) -> Place:
    return Place("intent", ModelSettings(driver="intent"), folder, keys, machine)


def asked(driver: Any, *texts: str, language: str = "") -> list[Understood]:
    async def ask() -> list[Understood]:
        await driver.load()
        try:
            return [await driver.classify(text, language) for text in texts]
        finally:
            await driver.close()

    return asyncio.run(ask())


def test_it_understands_in_a_process_of_its_own(tmp_path: Path) -> None:
    english, chinese = asked(intent.make(place(tmp_path)), LIGHTS, "把客厅的灯关掉")
    assert english.intent == "turn_on" and english.language == "en"
    assert english.slots == {"domain": "light", "area": "kitchen"}
    assert chinese.intent == "turn_off" and chinese.language == "zh"


def test_a_process_that_is_killed_is_replaced(tmp_path: Path) -> None:
    async def killed() -> str:
        driver = IntentDriver(place(tmp_path))
        await driver.load()
        worker = driver.worker
        assert worker is not None and worker.pid is not None
        os.kill(worker.pid, signal.SIGKILL)
        with pytest.raises(ModelError, match="process ended"):
            await driver.classify(LIGHTS)
        found = await driver.classify(LIGHTS)
        await driver.close()
        return found.intent

    assert asyncio.run(killed()) == "turn_on"


def test_many_ask_at_once(tmp_path: Path) -> None:
    async def many() -> list[str]:
        driver = IntentDriver(place(tmp_path))
        texts = [LIGHTS, "turn off the kitchen lights", "what is the capital of france"] * 20
        found = await asyncio.gather(*(driver.classify(text) for text in texts))
        await driver.close()
        return [each.intent for each in found]

    assert asyncio.run(many()) == ["turn_on", "turn_off", "none"] * 20


@pytest.mark.parametrize("text", ["", "\x00", "🙂" * 400, "\ud800", "x" * 100_000, "开" * 300])
def test_any_text_is_answered(text: str, tmp_path: Path) -> None:
    (found,) = asked(intent.make(place(tmp_path)), text)
    assert 0 <= found.confidence <= 1


def test_a_language_it_does_not_know_is_refused(tmp_path: Path) -> None:
    assert asked(intent.make(place(tmp_path)), "licht an", language="de-AT")[0].language == "de"
    with pytest.raises(ModelRefused, match="knows en, de, zh, not fr"):
        asked(intent.make(place(tmp_path)), "allume", language="fr")


def test_where_no_library_runs_rules_understand_plain_commands(tmp_path: Path) -> None:
    driver = intent.make(place(tmp_path, Machine("pentium")))
    assert isinstance(driver, RulesDriver)
    (found, other) = asked(driver, LIGHTS, "I think the lights are nice")
    assert found.intent == "turn_on" and found.slots == {"domain": "light", "area": "kitchen"}
    assert other.intent == "none"


def test_a_library_that_was_damaged_is_not_loaded(tmp_path: Path) -> None:
    box = shutil.copytree(FOLDER, tmp_path / "box")
    library = shipped_library("x86-64-v2", box)
    library.write_bytes(library.read_bytes()[:-1] + b"?")
    with pytest.raises(ModelError, match="is not the library"):
        shipped_library("x86-64-v2", box)
    (box / "manifest.json").write_text("{")
    with pytest.raises(ModelError, match=r"manifest\.json"):
        shipped_library("x86-64-v2", box)


def test_a_home_may_have_its_own_if_it_is_signed(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    shutil.copy(shipped_library("x86-64-v2"), own / "mine.so")
    key = Key(tmp_path / "key")
    libraries = listed(own, [("x86-64-v2", "mine.so")])
    write_manifest(own, Manifest(name="intent", kind="intent", libraries=libraries), key)
    mine = key.public()
    assert mine is not None
    assert asked(intent.make(place(own, keys=(mine,))), LIGHTS)[0].intent == "turn_on"
    with pytest.raises(ModelError, match="signed by nobody"):
        asked(intent.make(place(own)), LIGHTS)


def test_every_home_has_it(tmp_path: Path) -> None:
    async def ask() -> dict[str, Any]:
        models = ModelService(tmp_path, SHIPPED, machine=HERE)
        try:
            return await models.classify("intent", LIGHTS, {})
        finally:
            await models.close()

    found = asyncio.run(ask())
    assert found["intent"] == "turn_on" and found["slots"]["area"] == "kitchen"
    assert found["language"] == "en" and found["more"] is False
