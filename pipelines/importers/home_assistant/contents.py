"""What Home Assistant's files hold: automations, scripts, scenes and the helpers around them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from msgspec import Struct, field

from pipelines.tree import Map, Seq
from schemas.problem import Position

_AUTOMATION = {"trigger", "triggers", "action", "actions", "use_blueprint"}


class Part(NamedTuple):
    """An automation, script or scene; `name` is its key where it has one."""

    name: str
    tree: Map


class Contents(Struct):
    """The parts of some files; `helpers` are definitions by entity (`timer.oven`, `group.all`),
    `pipelines` the places of what is a pipeline of ours already.

    What is included by several files is taken in once.
    """

    automations: list[Part] = field(default_factory=list)
    scripts: list[Part] = field(default_factory=list)
    scenes: list[Part] = field(default_factory=list)
    helpers: dict[str, Map] = field(default_factory=dict)
    pipelines: list[Position] = field(default_factory=list)
    _seen: set[tuple[str, Position]] = field(default_factory=set)
    _root: str = ""

    def __len__(self) -> int:
        parts = len(self.automations) + len(self.scripts) + len(self.scenes)
        return parts + len(self.pipelines)

    def add(self, tree: Any, root: str = "") -> None:
        """Take in a file: a list of automations, a configuration, a package, scripts, scenes.

        Places in it are relative to `root`.
        """
        self._root = root
        if isinstance(tree, Seq):
            for item in tree:
                self._add_item(item)
        elif not isinstance(tree, Map):
            return
        elif _is_pipeline(tree):
            self.pipelines.append(tree.at)
        elif _AUTOMATION & tree.keys():
            self._put(self.automations, "", tree)
        elif _all_have(tree, "sequence"):
            self._add_scripts(tree)
        else:
            self._add_sections(tree)

    def _add_item(self, item: Any) -> None:
        if isinstance(item, Seq):
            self.add(item, self._root)
        elif isinstance(item, Map) and _is_pipeline(item):
            self.pipelines.append(item.at)
        elif isinstance(item, Map) and _AUTOMATION & item.keys():
            self._put(self.automations, "", item)
        elif isinstance(item, Map) and isinstance(item.get("entities"), Map):
            self._put(self.scenes, _scene_name(item), item)

    def _put(self, parts: list[Part], name: str, tree: Map) -> None:
        place = self._root, tree.at
        if place not in self._seen or not tree.at.line:
            self._seen.add(place)
            parts.append(Part(name, tree))

    def _add_sections(self, tree: Map) -> None:
        for key, value in tree.items():
            section = key.split(" ")[0]  # `automation kitchen:` is one of several
            if add := _SECTIONS.get(section):
                add(self, value)
            elif section in _HELPERS and isinstance(value, Map):
                self.helpers |= {
                    f"{section}.{name}": each if isinstance(each, Map) else Map(value.at)
                    for name, each in value.items()
                }

    def _add_automations(self, value: Any) -> None:
        for item in _flat(value):
            self._put(self.automations, "", item)

    def _add_scripts(self, value: Any) -> None:
        for scripts in _flat(value):
            for name, script in scripts.items():
                if isinstance(script, Map):
                    self._put(self.scripts, name, script)

    def _add_scenes(self, value: Any) -> None:
        for item in _flat(value):
            self._put(self.scenes, _scene_name(item), item)

    def _add_core(self, value: Any) -> None:
        packages = value.get("packages") if isinstance(value, Map) else None
        for package in packages.values() if isinstance(packages, Map) else _flat(packages):
            if isinstance(package, Map):
                self._add_sections(package)


def _flat(value: Any) -> Iterator[Map]:
    """The mappings of a mapping or of lists of them."""
    if isinstance(value, Map):
        yield value
    elif isinstance(value, Seq):
        for item in value:
            yield from _flat(item)


def _is_pipeline(tree: Map) -> bool:
    """Whether it says what only a pipeline of ours does: Home Assistant's word is `actions`, and
    its blueprints are given `input`."""
    filled = tree.get("use_blueprint")
    return "steps" in tree or (isinstance(filled, Map) and "inputs" in filled)


def _all_have(tree: Map, key: str) -> bool:
    return bool(tree) and all(isinstance(value, Map) and key in value for value in tree.values())


def _scene_name(tree: Map) -> str:
    return str(tree.get("name") or tree.get("id") or "")


_SECTIONS: Mapping[str, Callable[[Contents, Any], None]] = {
    "automation": Contents._add_automations,
    "script": Contents._add_scripts,
    "scene": Contents._add_scenes,
    "homeassistant": Contents._add_core,
}
_HELPERS = {"timer", "group", "input_select", "rest_command", "counter"}
