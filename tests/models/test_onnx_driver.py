"""The driver onnx on tiny graphs made here; what they must answer is computed by numpy."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from edge_agent.models.driver import Machine, ModelError, ModelRefused, Place
from edge_agent.models.drivers.onnx import OnnxDriver, make
from edge_agent.models.libraries import sha256, write_manifest
from edge_agent.models.signing import Key
from schemas.model import ChatRequest, Manifest
from schemas.settings import ModelSettings
from tests.models.exported import HEAD, LABELS, TABLE, WORDS, classifier, embedder, write

FILES = ("model.onnx", "tokenizer.json", "config.json")


def rows(text: str) -> Any:
    """The vectors of a text's words."""
    return TABLE[[WORDS.index(word) for word in text.split()]].astype(np.float64)


def using(folder: Path, use: Callable[[OnnxDriver], Awaitable[Any]], *keys: bytes) -> Any:
    async def used() -> Any:
        place = Place("tiny", ModelSettings(driver="onnx"), folder, keys, Machine("generic"))
        driver = make(place)
        try:
            return await use(driver)
        finally:
            await driver.close()

    return asyncio.run(used())


def loading(folder: Path, *keys: bytes) -> str:
    """What loading a folder is told."""
    with pytest.raises(ModelError) as told:
        using(folder, lambda driver: driver.load(), *keys)
    return str(told.value)


def test_a_classifier_answers_its_likeliest_label_and_its_share(tmp_path: Path) -> None:
    classifier(tmp_path)
    said = "turn on the light"
    found = using(tmp_path, lambda driver: driver.classify(said, "en"))
    scores = rows(said).mean(0) @ HEAD
    shares = np.exp(scores) / np.exp(scores).sum()
    assert found.intent == LABELS[int(shares.argmax())]
    assert found.confidence == pytest.approx(shares.max(), abs=1e-5)
    assert found.language == "en"


def test_hidden_states_become_their_masked_mean_of_length_one(tmp_path: Path) -> None:
    embedder(tmp_path)
    said = ["what time is it", "light", "turn on the light"] * 20
    found = using(tmp_path, lambda driver: driver.embed(said))
    means = np.array([rows(each).mean(0) for each in said])
    assert np.allclose(found, means / np.linalg.norm(means, axis=1, keepdims=True), atol=1e-6)


def test_a_graphs_own_sentence_vectors_are_left_as_they_are(tmp_path: Path) -> None:
    embedder(tmp_path, "sentence_embedding")
    found = using(tmp_path, lambda driver: driver.embed(["it is time"]))
    assert np.allclose(found, [rows("it is time").max(0)], atol=1e-6)


def test_no_texts_no_words_and_very_long_ones_are_answered(tmp_path: Path) -> None:
    embedder(tmp_path)

    async def use(driver: OnnxDriver) -> list[list[float]]:
        assert await driver.embed([]) == []
        return await driver.embed(["", "\ud800 light", "light " * 5000])

    empty, unknown, long = using(tmp_path, use)
    assert empty == [0.0] * 8
    assert np.linalg.norm(unknown) == pytest.approx(1)
    assert np.allclose(long, rows("light")[0] / np.linalg.norm(rows("light")[0]), atol=1e-6)


def test_what_a_model_cannot_do_is_refused(tmp_path: Path) -> None:
    embedder(tmp_path)

    async def use(driver: OnnxDriver) -> None:
        await driver.load()
        assert driver.does == {"embed"}
        with pytest.raises(ModelRefused, match="`tiny` can embed, and cannot classify"):
            await driver.classify("light")
        with pytest.raises(ModelRefused, match="does not chat"):
            await anext(driver.chat(ChatRequest(messages=[])))

    using(tmp_path, use)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    classifier(tmp_path)
    (tmp_path / name).unlink()
    assert loading(tmp_path).startswith(str(tmp_path / name))


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_named(tmp_path: Path, name: str) -> None:
    classifier(tmp_path)
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data[: len(data) // 2])
    assert loading(tmp_path).startswith(str(tmp_path / name))


def test_graphs_of_another_kind_are_told_apart(tmp_path: Path) -> None:
    hidden = helper.make_node("Identity", ["hidden"], ["logits"])
    write(tmp_path, "logits", 3, hidden)
    assert "logits of 3 dimensions, not 2: it is no sentence model" in loading(tmp_path)
    write(tmp_path, "scores", 3, helper.make_node("Identity", ["hidden"], ["scores"]))
    assert "gives scores; known are logits, sentence_embedding" in loading(tmp_path)
    write(tmp_path, "logits", 3, hidden, pixel_values=TensorProto.FLOAT)
    assert "takes input_ids: tensor(int64), pixel_values: tensor(float)" in loading(tmp_path)


def test_labels_must_fit_the_scores(tmp_path: Path) -> None:
    classifier(tmp_path)
    (tmp_path / "config.json").write_text('{"id2label": {"0": "on", "1": "off"}}')
    assert loading(tmp_path).endswith("`id2label` has 2 labels for 3 scores; 2 are the least")


def test_signed_folders_load_only_what_was_signed(tmp_path: Path) -> None:
    folder, key = tmp_path / "tiny", Key(tmp_path / "models.key")
    folder.mkdir()
    classifier(folder)
    signed = {name: sha256(folder / name) for name in FILES}
    write_manifest(folder, Manifest(name="tiny", files=signed), key)
    public = key.public()
    assert public is not None
    assert using(folder, lambda driver: driver.classify("time"), public).intent in LABELS
    assert "signed" in loading(folder)
    (folder / "model.onnx").write_bytes((folder / "model.onnx").read_bytes() + b" ")
    assert "model.onnx is not the file that was signed" in loading(folder, public)
    del signed["model.onnx"]
    write_manifest(folder, Manifest(name="tiny", files=signed), key)
    assert "model.onnx is not among the files that were signed" in loading(folder, public)


def test_a_killed_worker_fails_nothing_but_its_requests(tmp_path: Path) -> None:
    classifier(tmp_path)

    async def use(driver: OnnxDriver) -> None:
        before = await driver.classify("light")
        worker = driver.worker
        assert worker is not None and worker.pid is not None
        os.kill(worker.pid, signal.SIGSTOP)
        waiting = asyncio.create_task(driver.classify("light"))
        await asyncio.sleep(0)
        os.kill(worker.pid, signal.SIGKILL)
        with pytest.raises(ModelError, match=r"the model's process ended \(SIGKILL\)"):
            await waiting
        assert await driver.classify("light") == before
        assert worker.starts == 2

    using(tmp_path, use)


def test_a_missing_extra_is_told_with_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier(tmp_path)
    (tmp_path / "onnxruntime.py").write_text("raise ImportError('no onnxruntime here')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert "pip install 'hearthflow[onnx]'" in loading(tmp_path)
