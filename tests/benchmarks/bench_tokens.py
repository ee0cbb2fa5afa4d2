# ruff: noqa: T201 (a script that prints)
"""Prints how fast models decode: `taskset -c 1 python -m tests.benchmarks.bench_tokens [FOLDER]`.

Random int4 weights at two sizes, 4 million parameters and those of SmolLM 135M, on one core: one
answer after the other and sixteen at once, by turns (processors in clouds change their speed within
seconds), with the library for this processor (or BENCH_TARGET).
FOLDER keeps the compiled models (two minutes the first time; by default in the user's cache).
"""

import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from edge_agent.board import fit, machine

os.environ.setdefault("TVM_NUM_THREADS", "1")
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "hearthflow" / "bench"
_COMMON = {"rms_norm_eps": 1e-5, "rope_theta": 10000, "prefill_chunk_size": 128, "head_dim": 64}
SIZES: dict[str, dict[str, Any]] = {
    "4M": {
        "hidden_size": 256, "intermediate_size": 768, "num_attention_heads": 4,
        "num_key_value_heads": 2, "num_hidden_layers": 4, "vocab_size": 2048,
        "context_window_size": 512, **_COMMON,
    },
    "135M": {
        "hidden_size": 576, "intermediate_size": 1536, "num_attention_heads": 9,
        "num_key_value_heads": 3, "num_hidden_layers": 30, "vocab_size": 49152,
        "context_window_size": 2048, **_COMMON,
    },
}  # fmt: skip
TARGET = os.environ.get("BENCH_TARGET") or fit(machine()).cpu
PROMPT, STREAMS = 16, 16
TOKENS = {"4M": 256, "135M": 96}


def main(folder: Path) -> None:
    """Print a row for each size."""
    from edge_agent.models.runtime.library import load_runtime

    for name in SIZES:
        made(name, folder / name)
    load_runtime()
    print(f"{'model':6}{'one answer':>18}{'16 in turn':>14}{'16 at once':>14}{'sooner':>9}")
    for name in SIZES:
        measure(name, folder / name)


def made(name: str, folder: Path) -> None:
    """A compiled model of this size, unless it is there already."""
    from edge_agent.models.compiling.compile import compile_model
    from edge_agent.models.quantization import PACKING
    from edge_agent.models.signing import Key
    from tests.models.tiny import Tiny

    done = folder / f"{PACKING}-{TARGET}"
    if done.exists():
        return
    Tiny("llama", "q4f32_1", config=SIZES[name]).write(folder / "source")
    compile_model(folder / "source", folder, targets=[TARGET], key=Key(folder / "models.key"))
    done.touch()


def measure(name: str, folder: Path) -> None:
    """The best of three, in tokens a second and seconds."""
    from edge_agent.models.runtime.batching import Batcher
    from edge_agent.models.runtime.decoder import Decoder

    decoder = Decoder(folder, folder / f"{TARGET}.so", sequences=STREAMS, tokens=8192)

    def seconds(groups: int, together: int, tokens: int) -> float:
        decoder.clear()
        batcher, begun = Batcher(decoder), time.perf_counter()
        for group in range(groups):
            for stream in range(together):
                ask(batcher, group * together + stream, tokens)
            while batcher.step():
                pass
        return time.perf_counter() - begun

    many = TOKENS[name]
    few = many // 4
    one = max((many - 1) / (seconds(1, 1, many) - seconds(1, 1, 1)) for _ in range(3))
    rounds = [(seconds(STREAMS, 1, few), seconds(1, STREAMS, few)) for _ in range(3)]
    turns, at_once = (min(each) for each in zip(*rounds, strict=True))
    print(f"{name:6}{one:12.0f} tok/s{turns:12.2f} s{at_once:12.2f} s{turns / at_once:8.1f}×")


def ask(batcher: Any, seed: int, tokens: int) -> None:
    """One greedy answer to a random prompt."""
    from edge_agent.models.runtime.batching import Request
    from edge_agent.models.runtime.sampling import Sampler, Sampling

    prompt = [int(token) for token in np.random.default_rng(seed).integers(2, 2000, PROMPT)]
    sampler = Sampler(Sampling())
    batcher.submit(
        Request(
            prompt, limit=tokens, sampler=sampler, token=lambda _: True, ended=lambda _: None
        )
    )  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else CACHE)
