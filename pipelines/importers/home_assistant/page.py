"""One automation or script while it is imported: its entities, names and what was left out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from jinja2 import nodes
from msgspec import Struct, field

from pipelines.importers.home_assistant import templates
from pipelines.importers.home_assistant.contents import Contents
from pipelines.importers.home_assistant.entities import Known, Table, Target
from pipelines.importers.home_assistant.guesses import guess
from pipelines.importers.home_assistant.rewriting import ENTITY, View
from pipelines.importers.home_assistant.trigger_names import Origin
from pipelines.importers.home_assistant.unsupported import Gap, Unsupported
from pipelines.importers.home_assistant.values import is_template, listed, name_of, span, spelled
from pipelines.importers.home_assistant.writing import Comment, flow
from pipelines.tree import Map, place
from schemas.problem import Position

_CLOCK_PARTS = {2: "hm", 3: "hms"}
_UNITS = {"days": "d", "hours": "h", "minutes": "m", "seconds": "s", "milliseconds": "ms"}


class House(Struct):
    """What all automations of one import share.

    `devices` are the names of known devices, `timers` the timers that need a pipeline, `switched`
    the automations that others switch on and off, `pipelines` ids by `automation.NAME`, `scenes`
    those of scenes, `given` what callers give each script, `taken` the memory keys in use,
    `met` the entities.
    """

    table: Table
    contents: Contents
    devices: Collection[str] = ()
    timers: set[str] = field(default_factory=set)
    switched: set[str] = field(default_factory=set)
    pipelines: dict[str, str] = field(default_factory=dict)
    scenes: dict[str, str] = field(default_factory=dict)
    given: dict[str, set[str]] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    met: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.taken |= {str(each.memory) for each in self.table.entities.values()}

    def known(self, entity: str) -> Known:
        """An entity with what stands for it; a new one is guessed and noted in the table."""
        self.met.add(entity)
        target = self.table.entities.get(entity)
        if target is None:
            target = self._helper(entity) or guess(entity, self.devices, self.taken)
            self.taken.add(str(target.memory))
            if entity not in ("sun.sun", "sensor.time", "sensor.date", "sensor.date_time"):
                self.table.note("entities", entity, target)
        return Known(entity, target)

    def _helper(self, entity: str) -> Target | None:
        """What the files say: the members of a group, a timer's time, which names are taken."""
        name = name_of(entity.partition(".")[2])
        if entity.startswith("script.") and name in self.pipelines.values():
            return Target(pipeline=f"{name}-script")
        definition: Mapping[str, Any] = self.contents.helpers.get(entity, {})
        members = [str(each) for each in listed(definition.get("entities"))]
        if entity.startswith("group.") and members:
            return Target(entities=members, all=definition.get("all") is True)
        if entity.startswith("timer."):
            time = definition.get("duration")
            return Target(
                memory=entity.replace(".", "_"), duration=None if time is None else _spelled(time)
            )
        return None

    def named(self, section: str, key: str, name: str) -> str:
        """A name from the table; a new one is noted."""
        names = getattr(self.table, section)
        if key not in names:
            self.table.note(section, key, name)
        return str(names[key])


def _spelled(time: Any) -> str | None:
    try:
        return spelled(span(time))
    except Unsupported:
        return None


class Page:
    """One automation while it is imported.

    `at` is its place, `fixed` are variables that are set once,
    `unsafe` whether something was left out that would have kept it from acting.
    """

    def __init__(self, house: House, at: Position) -> None:
        self.house = house
        self.at = at
        self.gaps: list[Gap] = []
        self.unsafe = False
        self.reserved = templates.RESERVED
        self.fixed: Collection[str] = ()
        self.names: set[str] = set()
        self.steps: set[str] = set()
        self.view = View(house.known, Origin(nodes.Name("trigger", "load"), ()))

    def entities(self, value: Any) -> list[Known]:
        """The entities of a list or a text with commas."""
        found = []
        for each in listed(value):
            text = str(each).strip().lower()
            if not ENTITY.fullmatch(text):
                raise Unsupported(f"`{each}` is no entity")
            found.append(self.house.known(text))
        if not found:
            raise Unsupported("no entity is named")
        return found

    def value(self, value: Any) -> Any:
        """A value with the templates inside it in our words."""
        if isinstance(value, Mapping):
            return {key: self.value(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self.value(each) for each in value]
        return self.text(value) if is_template(value) else value

    def text(self, text: str) -> str:
        """A template in our words."""
        return templates.translated(text, self.view, self.names)

    def targets(self, text: str) -> str:
        """A template that gives entities, giving what stands for them here."""
        return templates.translated_targets(text, self.view, self.names)

    def ours(self, text: str) -> str:
        """The inside of a template that is in our words already."""
        return f"({templates.inside_of(text)})"

    def inner(self, value: Any) -> str:
        """A value as the inside of an expression."""
        if is_template(value):
            return self.ours(self.text(value))
        return templates.constant(value)

    def duration(self, value: Any) -> str:
        """A duration that may be a template, or a mapping with templates."""
        if isinstance(value, Mapping) and any(is_template(each) for each in value.values()):
            return "".join(
                f"{self.text(part) if is_template(part) else part}{_UNITS[unit]}"
                for unit, part in value.items()
                if unit in _UNITS and part not in (0, "0", "00", None)
            )
        if not is_template(value):
            return spelled(span(value))
        if parts := _clock(value):
            return "".join(
                f"{self.text(part) if is_template(part) else part}{unit}"
                for part, unit in parts
                if part.strip("0")
            )
        unit = "s" if templates.is_numeric(value, self.house.known) else ""
        return f"{self.text(value)}{unit}"

    def step_id(self, name: str) -> str:
        """A new id for a step."""
        base, count = name, 1
        while name in self.steps:
            count += 1
            name = f"{base}_{count}"
        self.steps.add(name)
        return name

    def each(
        self, values: Any, convert: Callable[[Any, Position], list[Any]], what: str
    ) -> list[Any]:
        """What comes of each item of a list; a comment where one has no equivalent."""
        return [made for item, at in placed(values) for made in self.one(item, at, convert, what)]

    def one(
        self, item: Any, at: Position, convert: Callable[[Any, Position], list[Any]], what: str
    ) -> list[Any]:
        """What comes of one item; a comment where it has no equivalent."""
        try:
            return convert(item, at)
        except Unsupported as error:
            return [self.leave_out(item, at, what, str(error))]

    def leave_out(self, item: Any, at: Position, what: str, reason: str) -> Comment:
        """Note a gap; the comment that stands in its place."""
        at = at if at.line else self.at
        self.gaps.append(Gap(at, f"{what} `{_kind(item)}`", reason))
        return Comment(f"not imported ({at}): {reason}\n{shown(item)}")


def shown(item: Any) -> str:
    """A part of an automation on one line, for a comment."""
    line = " ".join(flow(item).split())
    return line if len(line) <= 300 else f"{line[:299]}…"


def alias_of(item: Any) -> list[Comment]:
    """What somebody called a step, as a comment before it."""
    alias = item.get("alias") if isinstance(item, Mapping) else None
    return [Comment(alias.strip())] if isinstance(alias, str) and alias.strip() else []


def placed(values: Any) -> Iterator[tuple[Any, Position]]:
    """The items of a list, or of lists inside it, with their places."""
    if isinstance(values, list):
        for index, item in enumerate(values):
            if isinstance(item, list):
                yield from placed(item)
            else:
                yield item, place(values, [index], getattr(item, "at", Position()))
    elif values is not None:
        yield values, getattr(values, "at", Position())


def _kind(item: Any) -> str:
    if not isinstance(item, Map):
        return str(item)[:60]
    for key in ("platform", "trigger", "condition", "service", "action", "service_template"):
        if isinstance(item.get(key), str):
            return str(item[key])[:60]
    return next((key for key in item if key not in ("alias", "id", "enabled")), "nothing")


def _clock(text: str) -> list[tuple[str, str]] | None:
    """The parts of `HH:MM:SS` with templates in it, with their units."""
    parts, depth, start = [], 0, 0
    for index, letter in enumerate(text):
        depth += (letter == "{") - (letter == "}")
        if letter == ":" and depth == 0:
            parts.append(text[start:index])
            start = index + 1
    parts.append(text[start:])
    units = _CLOCK_PARTS.get(len(parts))
    return None if units is None else list(zip((p.strip() for p in parts), units, strict=True))


def remembered_name(text: str) -> str:
    """A name for a variable or input."""
    name = name_of(text, "_")
    return name if name[:1].isalpha() else f"v_{name}"
