"""A folder of weights compiled for boards: libraries, manifest, signature."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from edge_agent.models.compiling.build import build_library
from edge_agent.models.compiling.huggingface import QUANTIZATIONS, convert
from edge_agent.models.compiling.targets import TARGETS, Target
from edge_agent.models.copying import copy_folder
from edge_agent.models.geometry import Geometry, geometry
from edge_agent.models.libraries import hashes, listed, write_manifest
from edge_agent.models.quantization import GROUP, LANES
from edge_agent.models.runtime.folder import BrokenFolder, Weights, read_config, tokenizer_file
from edge_agent.models.signing import Key
from schemas.model import Manifest

Tell = Callable[[str], None]


def compile_model(
    source: Path,
    out: Path,
    *,
    targets: Sequence[str],
    key: Key,
    name: str = "",
    quantization: str | None = None,
    licence: str = "",
    tell: Tell = lambda text: None,
) -> Manifest:
    """Make `out` a model folder that runs on the targets; the source is left as it is.

    `quantization` is of weights that are not quantised yet, those of Hugging Face.

    Raises:
        BrokenFolder: the source is no model, or is damaged.
        ValueError: its family, sizes or quantisation, or a target, is not supported.
        OSError: a target's linker is missing; the text names the package.
    """
    chosen = [_target(name) for name in targets]
    config = _weights(source, out, quantization, tell)
    kind, shape = str(config.get("quantization", "")), _shape(out, config)
    _check_sizes(shape, kind)
    made = []
    for number, target in enumerate(chosen, 1):
        tell(f"compiling for {target.name} ({number} of {len(chosen)})")
        file = f"{target.name}.so"
        build_library(shape, kind, target, out / file)
        made.append((target.name, file))
    manifest = Manifest(
        name=name or out.name,
        quantization=kind,
        licence=licence or _licence(source),
        source=source.name,
        libraries=listed(out, made),
        files=hashes(out),
    )
    write_manifest(out, manifest, key)
    return manifest


def _target(name: str) -> Target:
    if name not in TARGETS:
        raise ValueError(f"no target `{name}`; there are {', '.join(TARGETS)}")
    return TARGETS[name]


def _weights(source: Path, out: Path, quantization: str | None, tell: Tell) -> dict[str, Any]:
    """An MLC folder at `out`: the source's own, or made of a Hugging Face folder."""
    if not (source / "mlc-chat-config.json").exists():
        if not (source / "config.json").exists():
            raise BrokenFolder(f"{source}: neither mlc-chat-config.json nor config.json is there")
        tokenizer_file(source)
        return convert(
            source, out, quantization or QUANTIZATIONS[0],
            lambda done, of: tell(f"weights: {done} of {of} tensors"),
        )  # fmt: skip
    _check(source, quantization)
    if out.resolve() != source.resolve():
        tell("copying the weights")
        copy_folder(source, out, without=("*.so", "manifest.*"))
    return read_config(out)


def _check(source: Path, quantization: str | None) -> None:
    """Tell what is missing or not supported before an hour of copying."""
    Weights(source)
    tokenizer_file(source)
    kind = read_config(source).get("quantization")
    if kind not in QUANTIZATIONS:
        raise ValueError(f"weights of {kind} are not supported; {', '.join(QUANTIZATIONS)} are")
    if quantization not in (None, kind):
        raise ValueError(f"the weights are {kind} already and cannot be made {quantization}")


def _shape(folder: Path, config: dict[str, Any]) -> Geometry:
    """The model's geometry; without a head of its own it is tied, whatever the config says."""
    shape = geometry(config)
    headless = not any(name.startswith("lm_head.") for name in Weights(folder))
    return replace(shape, tied=shape.tied or headless)


def _check_sizes(shape: Geometry, kind: str) -> None:
    inner = (shape.hidden, shape.feed_forward, shape.heads * shape.head_dim)
    step = GROUP if kind.startswith("q4") else LANES
    if any(size % step for size in (*inner, shape.projected)):
        raise ValueError(f"the sizes of {kind} models must be multiples of {step}")


def _licence(source: Path) -> str:
    """The licence a model's own files name; its LICENSE file if there is one."""
    for name in ("LICENSE", "LICENSE.txt", "LICENCE"):
        if (source / name).exists():
            lines = (source / name).read_text("utf-8", "replace").strip().splitlines()
            return lines[0].strip()[:80] if lines else ""
    return ""
