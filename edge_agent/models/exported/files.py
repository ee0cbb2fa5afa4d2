"""The files of an exported model, as optimum and transformers write them."""

from __future__ import annotations

from pathlib import Path

from edge_agent.models.runtime.folder import BrokenFolder

GRAPH = "model.onnx"


def is_exported(folder: Path) -> bool:
    """Whether a folder holds an exported model."""
    return (folder / GRAPH).is_file()


def loaded_files(folder: Path) -> list[Path]:
    """The files that are read; weights of large graphs lie beside them (`model.onnx_data`).

    Raises:
        BrokenFolder: one is missing.
    """
    files = [*sorted(folder.glob(f"{GRAPH}*")), folder / "tokenizer.json", folder / "config.json"]
    for path in files:
        if not path.is_file():
            raise BrokenFolder(f"{path} is missing; an exported model needs it")
    return files
