"""One pipeline while it is compiled: its names, its paths, and the problems found."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from msgspec import Struct

from pipelines.caching import depends_on, texts_in
from pipelines.decode import fields_of
from pipelines.entry import CONDITION, STEP, TRIGGER, WAIT, Entry, read_beside, read_entry
from pipelines.expression import Expressions, is_expression
from pipelines.expression_names import Known, Mistake
from pipelines.expression_reads import Reads
from pipelines.offsets import position_in
from pipelines.plan import Block, Cache, Gate, Link, ModelUse, PlannedStep, Retry
from pipelines.ports import Ports
from pipelines.registry import CONDITIONS
from pipelines.scope import AllHold, Expr, Test
from pipelines.step import patient
from pipelines.tree import Map, place, suggest
from pipelines.trigger import Arm
from pipelines.workbench import Workbench
from schemas.fields import seconds
from schemas.model import NOBODY
from schemas.pipeline import BesideStep, BesideTrigger, BesideWait, RetryFields, ThrottleFields
from schemas.problem import Position, Problem


class Draft:
    """Compiles the parts of one pipeline; problems are reported, never raised."""

    def __init__(
        self,
        ports: Ports,
        expressions: Expressions,
        texts: Mapping[str, str],
        *,
        known: Known,
        known_devices: Collection[str] | None,
    ) -> None:
        self.ports = ports
        self.known = known
        self.problems: list[Problem] = []
        self.paths: set[str] = set()
        self.links: list[Link] = []
        self.models: list[ModelUse] = []
        self.asker = NOBODY
        self._expressions = expressions
        self._texts = texts
        self._devices = known_devices
        self.is_flow = False
        self._ids: dict[str, Position] = {}

    def report(self, problem: Problem) -> None:
        """Note a problem."""
        self.problems.append(problem)

    def is_function(self, name: str) -> bool:
        """Whether expressions know a name as a function."""
        return name in self._expressions.sandbox.globals

    def expression(self, text: str, at: Position, known: Known) -> Expr:
        """A text as a function of the scope; mistakes are reported at their place in it."""
        expression, mistakes = self._expressions.compile(text, known)
        for mistake in mistakes:
            self._mistake(text, at, mistake)
        return expression

    def reads(self, text: str) -> Reads:
        """What a text depends on in the home."""
        return self._expressions.reads(text)

    def parts(self, text: str) -> list[tuple[str, Expr]]:
        """What a text's expressions look up, each part with its text."""
        return list(self._expressions.parts(text)) if is_expression(text) else []

    def _mistake(self, text: str, at: Position, mistake: Mistake) -> None:
        spot = position_in(self._texts.get(at.file, ""), at, text, mistake.offset)
        self.report(Problem(spot, mistake.text, mistake.hint))

    def conditions(self, value: Any, at: Position, known: Known, path: str) -> Test | None:
        """One condition or a list of them (all must hold); None where there is none."""
        if value is None or value == []:
            return None
        items = value if isinstance(value, list) else [value]
        spots = [place(value, [i], at) for i in range(len(items))] if items is value else [at]
        tests = [
            test
            for index, (item, spot) in enumerate(zip(items, spots, strict=True))
            if (test := self._condition(item, spot, known, f"{path}/{index}"))
        ]
        return tests[0] if len(tests) == 1 else AllHold(tests)

    def _condition(self, value: Any, at: Position, known: Known, path: str) -> Test | None:
        if isinstance(value, str) and value not in CONDITIONS:
            value = self._bare_condition(value, at)
        if value is None:
            return None
        entry = read_entry(value, at, CONDITION, self.report)
        return self._compiled(entry, path, known) if entry else None

    def _bare_condition(self, text: str, at: Position) -> Map | None:
        if "{{" not in text and "{%" not in text:
            hint = suggest(text, CONDITIONS) or f'write `"{{{{ {text} }}}}"`'
            self.report(Problem(at, "a condition without an expression", hint))
            return None
        tree = Map(at)
        tree.put("template", text, at, at)
        return tree

    def steps(
        self, value: Any, at: Position, spots: list[Position], *, parent: str, branch: str
    ) -> Block:
        """A list of steps; their paths are their ids, or their places in a branch of a parent."""
        if not isinstance(value, list):
            self.report(Problem(at, "steps are a list", "begin each with `- `"))
            return Block()
        steps = [
            self._step(item, spot, index, parent, branch)
            for index, (item, spot) in enumerate(zip(value, spots, strict=True))
        ]
        return Block(tuple(step for step in steps if step is not None))

    def _step(
        self, value: Any, at: Position, index: int, parent: str, branch: str
    ) -> PlannedStep | None:
        entry = read_entry(value, at, STEP, self.report)
        if entry is None:
            return None
        beside = read_beside(entry.beside, BesideStep, entry.name, self.report) or BesideStep()
        place = "/".join(filter(None, (parent, branch, str(index))))
        path = self._own_path(beside.id, place, entry)
        known = len(self.paths)
        run = self._compiled(entry, path, self.known)
        holds_steps = len(self.paths) > known
        tools = Workbench(self, path, entry.beside, self.known)
        waits = inspect.isgeneratorfunction(run)
        if self.is_flow and not waits:
            run, waits = patient(run), True
        return PlannedStep(
            path,
            entry.name,
            run,
            waits,
            id=beside.id or "",
            test=self._beside_test(beside.if_, entry, path, self.known),
            retry=_retry(beside.retry) if beside.retry else None,
            timeout=_seconds(beside.timeout, "timeout", tools),
            cache=self._cache(beside.cache, entry, holds_steps=holds_steps),
            on_error=(
                beside.on_error
                if isinstance(beside.on_error, str)
                else tools.steps(beside.on_error, "on_error")
            ),
            parent=parent,
            branch=branch,
            asks=tools.wording("if"),
        )

    def _own_path(self, name: str | None, place: str, entry: Entry) -> str:
        if name:
            at = entry.beside.values_at["id"]
            if name in self._ids:
                self.report(
                    Problem(at, f"a second step `{name}`", f"the first is at {self._ids[name]}")
                )
            self._ids[name] = at
        own = name or place
        self.paths.add(own)
        return own

    def _cache(self, value: Any, entry: Entry, *, holds_steps: bool) -> Cache | None:
        if value is None:
            return None
        at = entry.beside.keys_at["cache"]
        if not self.is_flow:
            hint = "write `path: flow` at the pipeline: Prefect keeps the results"
            self.report(Problem(at, "`cache` needs `path: flow`", hint))
        if holds_steps:
            text = f"`{entry.name}` has no result of its own that could be kept"
            self.report(Problem(at, text, "put `cache` beside the steps in it"))
        period = Workbench(self, "", entry.beside, self.known).seconds(value, "cache")
        texts = [text for text in texts_in(entry.fields) if is_expression(text)]
        found = [self._expressions.compile(text, self.known)[0] for text in texts]
        return Cache(period, depends_on([entry.name, entry.fields], found))

    def _beside_test(self, value: Any, entry: Entry, path: str, known: Known) -> Test | None:
        at = entry.beside.values_at.get("if", entry.at)
        return self.conditions(value, at, known, f"{path}/if")

    def gate(self, value: Any, at: Position, index: int, known: Known) -> Gate | None:
        """One trigger of the pipeline."""
        entry = read_entry(value, at, TRIGGER, self.report)
        if entry is None:
            return None
        beside = read_beside(entry.beside, BesideTrigger, entry.name, self.report)
        beside = beside or BesideTrigger()
        path = f"triggers/{index}"
        arm = self._compiled(entry, path, known)
        tools = Workbench(self, path, entry.beside, known)
        throttle, by = _throttle(beside.throttle, tools)
        limit = beside.limit
        return Gate(
            beside.id or str(index),
            index,
            entry.name,
            arm,
            test=self._beside_test(beside.if_, entry, path, known),
            debounce=_seconds(beside.debounce, "debounce", tools),
            throttle=throttle,
            throttle_by=by,
            limit=(limit.runs, tools.seconds(limit.per, "limit/per")) if limit else None,
            dedupe_by=tools.expression(beside.dedupe_by, "dedupe_by") if beside.dedupe_by else None,
            calendar=entry.component.calendar,  # type: ignore[attr-defined]
        )

    def waits(
        self, value: Any, at: Position, path: str, spots: list[Position], known: Known
    ) -> list[tuple[str, Arm]]:
        """Triggers inside a step, as (id, arm)."""
        if not isinstance(value, list):
            self.report(Problem(at, "triggers are a list", "begin each with `- `"))
            return []
        arms = []
        for index, (item, spot) in enumerate(zip(value, spots, strict=True)):
            entry = read_entry(item, spot, WAIT, self.report)
            beside = entry and read_beside(entry.beside, BesideWait, entry.name, self.report)
            if entry and beside:
                arm = self._compiled(entry, f"{path}/{index}", known)
                arms.append((beside.id or str(index), arm))
        return arms

    def _compiled(self, entry: Entry, path: str, known: Known) -> Any:
        self._check_devices(entry)
        tools = Workbench(self, path, entry.fields, known, entry.at)
        return entry.component.compile(tools)  # type: ignore[attr-defined]

    def _check_devices(self, entry: Entry) -> None:
        if self._devices is None:
            return
        for name, at in _device_names(entry.fields, type(entry.component), entry.at):
            if name not in self._devices:
                hint = suggest(name, self._devices)
                self.report(Problem(at, f"no device `{name}` is known yet", hint, "warning"))


def _device_names(tree: Any, struct: type[Struct], at: Position) -> Iterator[tuple[str, Position]]:
    """The names in the fields that select devices, at any depth."""
    for key, field in fields_of(struct).items():
        value = tree.get(key)
        if field.struct is not None and isinstance(value, Map):
            yield from _device_names(value, field.struct, at)
        if field.mark != "devices" or value is None:
            continue
        for index, name in enumerate(value if isinstance(value, list) else [value]):
            if isinstance(name, str) and not any(mark in name for mark in ("*", "?", "[", "{")):
                yield name, place(tree, [key, index], at)


def _seconds(value: Any, at: str, tools: Workbench) -> float | None:
    return None if value is None else tools.seconds(value, at)


def _retry(fields: RetryFields) -> Retry:
    return Retry(
        fields.attempts,
        seconds(fields.delay),
        fields.backoff == "exponential",
        seconds(fields.max_delay),
        fields.jitter,
    )


def _throttle(
    value: str | ThrottleFields | None, tools: Workbench
) -> tuple[float | None, Expr | None]:
    if value is None:
        return None, None
    if isinstance(value, str):
        return tools.seconds(value, "throttle"), None
    by = tools.expression(value.by, "throttle/by") if value.by else None
    return tools.seconds(value.period, "throttle/period"), by
