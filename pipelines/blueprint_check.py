"""Blueprints looked at by themselves: with made-up inputs, and with those of their tests."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pipelines.blueprint import Blueprints, Sheet
from pipelines.compiler import Compiler
from pipelines.plan import Plan
from pipelines.rehearsal import Rehearsal, read_tests
from pipelines.tree import Map, Seq, place
from schemas.pipeline import Input
from schemas.problem import Position, Problem

_MADE_UP = Position("made up")
_SAMPLES: Mapping[str, Any] = {
    "number": 1, "integer": 1, "boolean": True, "text": "text", "string": "text",
    "duration": "1m", "time": "12:00", "device": "device",
}  # fmt: skip


class BlueprintFile:
    """A blueprint on its own: what is wrong with it, its tests, and the pipelines they need."""

    def __init__(self, path: Path, blueprints: Blueprints, compiler: Compiler) -> None:
        self.name = path.stem
        self._blueprints = blueprints
        self._compiler = compiler
        self._sheet, self._problems = blueprints.sheet(path.resolve())

    def problems(self) -> list[Problem]:
        """Everything wrong with it; what comes of made-up inputs is not told."""
        if (sheet := self._sheet) is None:
            return self._problems
        found = [*_wrong_defaults(sheet), *_unused(sheet, self._blueprints.texts)]
        found += [p for p in self._made(_samples(sheet))[1] if p.at.file != _MADE_UP.file]
        tests = sheet.tree.get("tests")
        for index, test in enumerate(tests if isinstance(tests, Seq) else ()):
            given = test.get("inputs") if isinstance(test, Map) else None
            at = place(sheet.tree, ["tests", index], sheet.tree.at)
            found += self._made(given if isinstance(given, Map) else Map(at))[1]
        read_tests(sheet.tree, self.name, found.append)
        return sorted(set(found))

    def tests(self) -> tuple[Rehearsal, ...]:
        """Its tests."""
        return read_tests(self._sheet.tree, self.name, lambda problem: None) if self._sheet else ()

    def plan(self, inputs: Mapping[str, Any], at: Position) -> Plan | None:
        """The pipeline it makes of inputs; None where they, or it, are wrong."""
        given = Map(at)
        for name, value in inputs.items():
            given.put(name, value, at, at)
        return self._made(given)[0]

    def _made(self, given: Map) -> tuple[Plan | None, list[Problem]]:
        if self._sheet is None:
            return None, self._problems
        use = self._blueprints.filled(self._sheet, given, given.at)
        if use.tree is None:
            return None, use.problems
        use.tree.put("id", self.name, given.at, given.at)
        return self._compiler.compile(use.tree, given.at, self._blueprints.texts)


def _samples(sheet: Sheet) -> Map:
    """Something for every input that must be given."""
    samples = Map(_MADE_UP)
    for name in sheet.needed:
        samples.put(name, _sample(sheet.inputs[name]), _MADE_UP, _MADE_UP)
    return samples


def _sample(spec: Input) -> Any:
    if spec.type == "select" and spec.options:
        return spec.options[0]
    if spec.type in ("number", "integer"):
        return next(bound for bound in (spec.min, spec.max, 1) if bound is not None)
    return _SAMPLES.get(spec.type, Seq(_MADE_UP))


def _wrong_defaults(sheet: Sheet) -> Iterator[Problem]:
    for name, spec in sheet.inputs.items():
        if spec.type == "select" and not spec.options:
            at = place(sheet.tree, ["inputs", name], sheet.tree.at)
            yield Problem(at, "a `select` needs `options`")


def _unused(sheet: Sheet, texts: Mapping[str, str]) -> Iterator[Problem]:
    """Inputs that nothing in the blueprint asks for."""
    text = texts.get(sheet.tree.at.file, "")
    for name in sheet.inputs:
        if not re.search(rf"!input\s+{name}\b|\binputs(\.{name}\b|\[.{name}.\])", text):
            at = sheet.tree["inputs"].keys_at[name]
            yield Problem(at, f"the input `{name}` is not used", "", "warning")
