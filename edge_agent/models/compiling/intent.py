"""The intent network compiled to one shared library for one target, its weights inside."""

# mypy: ignore-errors

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from edge_agent.intents.shape import BLOCKS, CHANNELS
from edge_agent.models.compiling.targets import Target
from edge_agent.models.quantization import LANES

Array = np.ndarray[Any, np.dtype[Any]]


def build_intent(weights: Mapping[str, Array], target: Target, out: Path) -> None:
    """Compile and link; `weights` as `shape.parameters` names them.

    Raises:
        OSError: the target's C++ compiler is missing or fails; the text names the package.
    """
    import tvm
    from tvm import relax
    from tvm.relax.backend.cpu_generic import pipeline as passes

    from edge_agent.models.compiling.intent_network import Intent

    goal, model, placed = tvm.target.Target(target.llvm()), Intent(), packed(weights)
    with goal:
        module, parameters = model.export_tvm(spec=model.spec())
        inside = {name: tvm.runtime.tensor(placed[name]) for name, _ in parameters}
        module = relax.transform.BindParams("main", inside)(module)
        executable = relax.build(module, goal, relax_pipeline=passes.get_default_pipeline(goal))
    executable.export_library(str(out), cc=target.linker(), options=["-s"])


def packed(weights: Mapping[str, Array]) -> dict[str, Array]:
    """The weights as the kernels read them, by the names of `intent_network.Intent`."""
    made = {name: weights[name] for name in ("embedding", "places")}
    for number, (taps, _) in enumerate(BLOCKS):
        conv = weights[f"conv{number}"].reshape(taps, CHANNELS, -1, LANES).transpose(2, 0, 1, 3)
        made[f"conv.{number}.weight"] = conv
        made[f"conv.{number}.bias"] = weights[f"conv{number}_bias"]
        made[f"mix.{number}.weight"] = _lanes(weights[f"mix{number}"])
        made[f"mix.{number}.bias"] = weights[f"mix{number}_bias"]
    for name in ("attention", "sentence", "labels", "byte", "tags"):
        made[f"{name}.weight"] = _lanes(weights[name])
        made[f"{name}.bias"] = _full(weights.get(f"{name}_bias", np.zeros(16, np.float32))[None])
    made["context"] = _lanes(weights["context"])
    return {name: np.ascontiguousarray(each, np.float32) for name, each in made.items()}


def _lanes(weight: Array) -> Array:
    full = _full(weight)
    return full.reshape(len(full), -1, LANES).transpose(1, 0, 2)


def _full(rows: Array) -> Array:
    """Rows with zeros up to a multiple of the lanes."""
    return np.pad(rows, ((0, 0), (0, -rows.shape[1] % LANES)))
