"""A library as mlc-llm compiles it gives the same tokens as float arithmetic, and no surprises."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from edge_agent.models.adding import add_model
from edge_agent.models.driver import Machine, Place
from edge_agent.models.drivers.tvm import TvmDriver
from edge_agent.models.runtime.batching import Batcher
from edge_agent.models.runtime.decoder import Decoder
from edge_agent.models.runtime.folder import BrokenFolder
from edge_agent.models.runtime.library import load_runtime
from edge_agent.models.runtime.metadata import read_metadata
from edge_agent.models.signing import Key, trusted_keys
from schemas.settings import ModelSettings
from tests.models.conftest import THIS
from tests.models.mlc_library import build
from tests.models.test_decoder import Asked, prompts, run
from tests.models.test_driver import ask
from tests.models.tiny import CONFIG, Tiny

LIBRARY = "lib.so"
SAID: dict[str, Any] = {
    "context_window_size": 256,
    "sliding_window_size": -1,
    "prefill_chunk_size": 48,
    "params": [{"name": "a", "shape": ["vocab_size", 8], "dtype": "float32", "preprocs": []}],
}


@pytest.fixture(scope="session")
def foreign(shared: Path) -> Path:
    """A folder with weights and library of mlc-llm's kind, under the older name of its index."""
    load_runtime()
    folder = shared / "foreign"
    with FileLock(shared / "foreign.lock"):
        if not (folder / LIBRARY).exists():
            Tiny("llama", "q4f32_1").write(folder, index="ndarray-cache.json")
            build(CONFIG, folder / LIBRARY)
    return folder


def test_its_greedy_tokens_are_those_of_float_arithmetic(foreign: Path) -> None:
    tiny = Tiny("llama", "q4f32_1")
    batcher = Batcher(Decoder(foreign, foreign / LIBRARY, sequences=8, tokens=2048))
    asked = [Asked(batcher, prompt) for prompt in prompts()]
    run(batcher)
    assert [each.tokens for each in asked] == [tiny.greedy(prompt, 6) for prompt in prompts()]
    prompt = [*prompts()[5][:70], 3, 4, 5]
    forked = Asked(batcher, prompt)
    run(batcher)
    assert forked.request.reused == 70
    assert forked.tokens == tiny.greedy(prompt, 6)


def test_no_more_sequences_run_at_once_than_it_was_compiled_for(foreign: Path) -> None:
    assert Decoder(foreign, foreign / LIBRARY, sequences=8, tokens=2048).sequences == 4


def test_it_is_added_signed_and_answers(foreign: Path, tmp_path: Path) -> None:
    key = Key(tmp_path / "key")
    libraries = [(THIS, LIBRARY)]
    add_model(foreign, tmp_path / "a", name="a", libraries=libraries, licence="", key=key)
    place = Place("a", ModelSettings(), tmp_path / "a", tuple(trusted_keys(key)), Machine(THIS))

    async def use() -> None:
        driver = TvmDriver(place)
        text, last = await ask(driver, max_tokens=5, temperature=0.0)
        assert text
        assert last.finish == "length"
        await driver.close()

    asyncio.run(use())


def test_tokens_beyond_the_active_vocabulary_are_never_chosen(
    foreign: Path, tmp_path: Path
) -> None:
    for path in foreign.iterdir():
        (tmp_path / path.name).symlink_to(path)
    config = json.loads((foreign / "mlc-chat-config.json").read_text())
    (tmp_path / "mlc-chat-config.json").unlink()
    (tmp_path / "mlc-chat-config.json").write_text(json.dumps({**config, "active_vocab_size": 9}))
    batcher = Batcher(Decoder(tmp_path, foreign / LIBRARY, sequences=2, tokens=1024))
    asked = Asked(batcher, prompts()[1], limit=20)
    run(batcher)
    assert max(asked.tokens) < 9


def test_sizes_that_are_named_come_from_the_folders_config() -> None:
    (parameter,) = read_metadata(json.dumps(SAID)).params
    assert parameter.sizes({"model_config": {"vocab_size": 523}}) == [523, 8]
    assert parameter.sizes({}) == [-1, 8]


def test_within_its_window_a_sliding_one_is_as_any_other() -> None:
    said = read_metadata(json.dumps({**SAID, "context_window_size": -1, "sliding_window_size": 64}))
    assert said.context == 64


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"kv_state_kind": "rnn_state"}, "for rnn_state"),
        ({"model_task": "embedding"}, "for embedding"),
        ({"tensor_parallel_shards": 2}, "several GPUs"),
        ({"context_window_size": -1}, "no context_window_size"),
        ({"packing": "hearthflow-1"}, "another version of hearthflow; compile the model again"),
        ({"params": [{"name": 3}]}, "its metadata: .*params"),
    ],
)
def test_a_library_that_cannot_run_here_says_why(more: dict[str, Any], told: str) -> None:
    with pytest.raises(BrokenFolder, match=told):
        read_metadata(json.dumps({**SAID, **more}))
