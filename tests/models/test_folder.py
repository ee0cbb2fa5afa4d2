"""Model folders that are damaged, wrong or of old versions: what `add` and workers say of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_agent.models.adding import add_model
from edge_agent.models.runtime.answer import Answer, Voice, read_options
from edge_agent.models.runtime.conversation import conversation
from edge_agent.models.runtime.folder import BrokenFolder, Weights, vocabulary
from edge_agent.models.runtime.library import tensor
from edge_agent.models.runtime.sampling import Sampling
from edge_agent.models.runtime.text import Tokens
from edge_agent.models.signing import Key
from tests.models.tiny import TEMPLATE, Tiny

INDEX = "tensor-cache.json"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sound folder, its shards with the sums that mlc-llm notes."""
    folder = tmp_path / "tiny"
    Tiny("llama", "q4f32_1").write(folder)
    (folder / "lib.so").write_bytes(b"native code")
    said = json.loads((folder / INDEX).read_text())
    for shard in said["records"]:
        data = (folder / shard["dataPath"]).read_bytes()
        shard["md5sum"] = hashlib.md5(data, usedforsecurity=False).hexdigest()
    (folder / INDEX).write_text(json.dumps(said))
    return folder


def add(folder: Path) -> dict[str, str]:
    """The files that were signed when a folder was added."""
    manifest = add_model(
        folder, folder.parent / "added", name="tiny", licence="",
        libraries=[("x86-64-v3", "lib.so")], key=Key(folder.parent / "key"),
    )  # fmt: skip
    return manifest.files


def first_record(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    """A change of the first tensor's record in the index."""

    def spoil(folder: Path) -> None:
        said = json.loads((folder / INDEX).read_text())
        change(said["records"][0]["records"][0])
        (folder / INDEX).write_text(json.dumps(said))

    return spoil


def flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_every_file_that_is_loaded_is_signed(folder: Path) -> None:
    shards = {"params_shard_0.bin", "params_shard_1.bin"}
    assert set(add(folder)) == {"mlc-chat-config.json", INDEX, "tokenizer.json", *shards}


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda f: (f / "params_shard_0.bin").write_bytes(b"short"), "5 bytes, should be"),
        (lambda f: (f / "params_shard_1.bin").unlink(), r"params_shard_1.bin: No such file"),
        (lambda f: flipped(f / "params_shard_1.bin"), r"shard_1.bin: damaged.*download it again"),
        (lambda f: (f / INDEX).write_text('{"records": 3}'), "tensor-cache.json: Expected"),
        (first_record(lambda r: r.update(byteOffset=1 << 40)), "lies outside of its shard"),
        (first_record(lambda r: r.update(byteOffset=-4)), "lies outside of its shard"),
        (first_record(lambda r: r.update(nbytes=-1)), "lies outside of its shard"),
    ],
)
def test_a_damaged_folder_is_not_added(
    folder: Path, spoil: Callable[[Path], object], told: str
) -> None:
    spoil(folder)
    with pytest.raises(BrokenFolder, match=told):
        add(folder)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"nbytes": 40}, r"40 bytes are no uint32 \[523, 8\]"),
        ({"shape": [523, 9]}, r"bytes are no uint32 \[523, 9\]"),
        ({"dtype": "float99"}, "bytes are no float99"),
    ],
)
def test_a_tensor_that_is_not_what_its_record_says_is_named(
    folder: Path, change: dict[str, Any], told: str
) -> None:
    first_record(lambda record: record.update(change))(folder)
    with pytest.raises(BrokenFolder, match=rf"tensor `model.embed_tokens.q_weight`: .*{told}"):
        Weights(folder)["model.embed_tokens.q_weight"]


def test_weights_and_inputs_at_any_address_reach_the_library_aligned() -> None:
    raw = np.arange(4 * 33 + 3, dtype=np.uint8)
    for start in range(4):
        unaligned = raw[start : start + 128].view(np.float32)
        placed = tensor(unaligned)
        assert np.from_dlpack(placed).__array_interface__["data"][0] % 64 == 0
        assert np.from_dlpack(placed).tobytes() == unaligned.tobytes()


def test_a_template_may_be_a_name_of_mlc_llm() -> None:
    assert conversation({"conv_template": "chatml"}).stop_str == ["<|im_end|>"]
    with pytest.raises(BrokenFolder, match=r"conv_template .* `dolly` is none of chatml"):
        conversation({"conv_template": "dolly"})


@pytest.mark.parametrize(
    ("change", "told"),
    [({"seps": []}, "seps"), ({"roles": "user"}, "roles"), ({"stop_token_ids": ["x"]}, "stop_to")],
)
def test_a_template_that_is_none_says_what_is_wrong(change: dict[str, Any], told: str) -> None:
    with pytest.raises(BrokenFolder, match=f"conv_template of mlc-chat-config.json: .*{told}"):
        conversation({"conv_template": {**TEMPLATE, **change}})


@pytest.mark.parametrize(
    ("said", "ends"), [(2, {1, 2}), ([2, 3], {1, 2, 3}), (None, {1}), ([], {1})]
)
def test_what_ends_an_answer_is_a_token_or_a_list_of_them(
    folder: Path, said: Any, ends: set[int]
) -> None:
    config = {"vocab_size": 523, "eos_token_id": said, "temperature": None, "top_p": None}
    template = conversation({"conv_template": TEMPLATE})
    voice = Voice(config, Tokens(folder), template, longest=256)
    assert voice.ends == ends
    assert voice.sampling == Sampling(temperature=1.0)
    with pytest.raises(BrokenFolder, match=r"mlc-chat-config.json: .*eos_token_id"):
        Voice({**config, "eos_token_id": "</s>"}, Tokens(folder), template, longest=256)


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ({}, (0.6, 0.9, 0.25, 0.5)),
        ({"temperature": 0, "frequency_penalty": 0.0}, (0, 0.9, 0, 0.5)),
        ({"top_p": 1.0, "presence_penalty": -1.0}, (0.6, 1, 0.25, -1)),
    ],
)
def test_an_answer_is_sampled_as_the_config_says_where_the_request_does_not(
    folder: Path, asked: dict[str, Any], meant: tuple[float, ...]
) -> None:
    config = {
        "vocab_size": 523, "temperature": 0.6, "top_p": 0.9, "frequency_penalty": 0.25,
        "presence_penalty": 0.5, "repetition_penalty": 1.2,
    }  # fmt: skip
    template = conversation({"conv_template": TEMPLATE})
    voice = Voice(config, Tokens(folder), template, longest=256)
    hello = [{"role": "user", "content": "hello"}]
    answer = Answer(voice, hello, read_options(asked), lambda frame: None)
    chosen = answer.request.sampler.sampling
    penalties = chosen.frequency_penalty, chosen.presence_penalty
    assert (chosen.temperature, chosen.top_p, *penalties) == meant
    assert chosen.repetition_penalty == 1


def test_a_config_without_a_vocabulary_is_refused() -> None:
    with pytest.raises(BrokenFolder, match="says no vocab_size"):
        vocabulary({"vocab_size": None})
