"""The library in the box for aarch64 says the same as the one for this processor; qemu plays it."""

from __future__ import annotations

import numpy as np
import pytest

from edge_agent.intents.encoding import encode
from edge_agent.intents.network import padded
from edge_agent.intents.shipped import shipped_library
from edge_agent.models.runtime.library import Library, load_runtime, tensor
from tests.intents.scoring import sentences
from tests.models.far.machine import FarMachine


def test_sentences_of_every_language_mean_the_same_there(far_machine: FarMachine) -> None:
    load_runtime()
    here = Library(shipped_library("x86-64-v2"))["main"]
    there = far_machine.function("main", far_machine.executable(shipped_library("cortex-a72")))
    for each in sentences("development-*.jsonl")[::9]:
        ids = padded(encode(each.text).ids)
        for ours, theirs in zip(here(tensor(ids)), there(ids), strict=True):
            assert theirs == pytest.approx(np.from_dlpack(ours), abs=1e-3)
