"""Folders of mlc-llm in all their forms: half floats, tied embeddings, weights cut short."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_agent.models.adding import add_model
from edge_agent.models.compiling.compile import compile_model
from edge_agent.models.runtime.batching import Batcher
from edge_agent.models.runtime.decoder import Decoder
from edge_agent.models.runtime.folder import BrokenFolder
from edge_agent.models.runtime.library import load_runtime
from edge_agent.models.signing import Key
from tests.models.conftest import THIS
from tests.models.mlc_library import build
from tests.models.test_decoder import Asked, prompts, run
from tests.models.tiny import CONFIG, Tiny

TIED = {**CONFIG, "tie_word_embeddings": True}
HALF = 0.03  # what arithmetic in half floats costs these logits, whose greatest is about 3


def error(folder: Path, library: Path, tiny: Tiny) -> float:
    """The greatest difference of a logit from float arithmetic, for prompts of many lengths."""
    decoder = Decoder(folder, library, sequences=4, tokens=1024)
    found = []
    for sequence, prompt in enumerate(prompts()[:4]):
        decoder.add(sequence)
        found.append(np.abs(decoder.step([(sequence, prompt)])[0] - tiny.logits(prompt)).max())
    return float(max(found))


@pytest.mark.parametrize(
    ("kind", "config", "most"),
    [("q4f16_1", TIED, HALF), ("q0f16", CONFIG, HALF), ("q0f32", TIED, 2e-4)],
)
def test_a_library_of_mlc_llm_runs_whatever_its_weights_are(
    tmp_path: Path, kind: str, config: dict[str, Any], most: float
) -> None:
    load_runtime()
    tiny = Tiny("llama", kind, config=config, short=True)
    tiny.write(tmp_path, index="ndarray-cache.json")
    build(config, tmp_path / "lib.so", kind)
    assert error(tmp_path, tmp_path / "lib.so", tiny) < most


def test_weights_without_a_head_of_their_own_are_compiled_tied(tmp_path: Path) -> None:
    load_runtime()
    source, out = tmp_path / "source", tmp_path / "out"
    tiny = Tiny("llama", "q4f32_1", config=TIED, short=True)
    tiny.write(source, index="ndarray-cache.json")
    said = json.loads((source / "mlc-chat-config.json").read_text())
    del said["model_config"]["tie_word_embeddings"]
    said["model_config"]["rope_scaling"] = {"rope_type": "default"}
    (source / "mlc-chat-config.json").write_text(json.dumps(said))
    compile_model(source, out, targets=[THIS], key=Key(tmp_path / "key"))
    assert error(out, out / f"{THIS}.so", tiny) < 2e-4
    batcher = Batcher(Decoder(out, out / f"{THIS}.so", sequences=8, tokens=2048))
    asked = [Asked(batcher, prompt) for prompt in prompts()]
    run(batcher)
    assert [each.tokens for each in asked] == [tiny.greedy(prompt, 6) for prompt in prompts()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sound folder of weights and a library."""
    Tiny("llama", "q4f32_1").write(tmp_path / "tiny")
    (tmp_path / "tiny" / "lib.so").write_bytes(b"native code")
    return tmp_path / "tiny"


def refused(folder: Path) -> list[str]:
    """What compiling and adding it say."""
    out, key = folder.parent / "out", Key(folder.parent / "key")
    with pytest.raises((BrokenFolder, ValueError)) as compiled:
        compile_model(folder, out, targets=[THIS], key=key)
    libraries = [(THIS, "lib.so")]
    with pytest.raises((BrokenFolder, ValueError)) as added:
        add_model(folder, out, name="tiny", libraries=libraries, licence="", key=key)
    return [str(compiled.value), str(added.value)]


def test_sentencepieces_tokenizer_alone_is_refused_with_the_way_out(folder: Path) -> None:
    (folder / "tokenizer.json").rename(folder / "tokenizer.model")
    for told in refused(folder):
        assert "tokenizer.model alone is not read" in told
        assert "backend_tokenizer.save('tokenizer.json')" in told


def test_so_is_a_folder_without_any_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    assert all("tokenizer.json: missing; folders without" in told for told in refused(folder))


@pytest.mark.parametrize("kind", ["q4f16_0", "q8f16_1", None])
def test_weights_of_another_kind_are_refused_before_anything_is_copied(
    folder: Path, kind: str | None
) -> None:
    path = folder / "mlc-chat-config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "quantization": kind}))
    with pytest.raises(ValueError, match=f"weights of {kind} are not supported; q4f32_1, q4f16_1"):
        compile_model(folder, folder.parent / "out", targets=[THIS], key=Key(folder.parent / "k"))
    assert not (folder.parent / "out").exists()
