"""The tags that stand for other files: `!include`, and what is made of all files of a folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pipelines.includes import Load
from pipelines.tree import Map, Seq
from schemas.problem import Position


def dir_list(load: Load, target: str, at: Position) -> Seq:
    """`!include_dir_list`: a list with what stands in each file."""
    items = Seq(at)
    for path, tree in load.folder(target, at):
        items.put(tree, _top(load, path))
    return items


def dir_merge_list(load: Load, target: str, at: Position) -> Seq:
    """`!include_dir_merge_list`: the lists of all files in one."""
    items = Seq(at)
    for path, tree in load.folder(target, at):
        if isinstance(tree, Seq):
            for item, spot in zip(tree, tree.values_at, strict=True):
                items.put(item, spot)
        elif tree is not None:
            load.reader.problem(_top(load, path), "must be a list", "begin each item with `- `")
    return items


def dir_named(load: Load, target: str, at: Position) -> Map:
    """`!include_dir_named`: a mapping of the files' names, without their endings."""
    tree = Map(at)
    for path, value in load.folder(target, at):
        spot = _top(load, path)
        _put(load, tree, path.stem, value, spot, spot)
    return tree


def dir_merge_named(load: Load, target: str, at: Position) -> Map:
    """`!include_dir_merge_named`: the mappings of all files in one."""
    tree = Map(at)
    for path, part in load.folder(target, at):
        if isinstance(part, Map):
            for key, value in part.items():
                _put(load, tree, key, value, part.keys_at[key], part.values_at[key])
        elif part is not None:
            load.reader.problem(_top(load, path), "must be a mapping", "write `NAME: value` lines")
    return tree


INCLUDES: Mapping[str, Callable[[Load, str, Position], Any]] = {
    "!include": Load.include,
    "!include_dir_list": dir_list,
    "!include_dir_merge_list": dir_merge_list,
    "!include_dir_named": dir_named,
    "!include_dir_merge_named": dir_merge_named,
}


def _put(load: Load, tree: Map, key: str, value: Any, key_at: Position, at: Position) -> None:
    if key in tree:
        hint = f"the first is at {tree.keys_at[key]}"
        load.reader.problem(key_at, f"`{key}` stands here a second time", hint)
    else:
        tree.put(key, value, key_at, at)


def _top(load: Load, path: Path) -> Position:
    return Position(load.reader.name(path), 1, 1)
