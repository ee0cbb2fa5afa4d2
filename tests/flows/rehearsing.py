"""Compiling pipeline text for rehearsals, with every component at hand."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

import flows.conditions
import flows.steps
import flows.triggers
from flows.rehearsal import BERLIN, Script
from flows.sun import sun_function
from pipelines import nowhere, registry
from pipelines.check import compile_files
from pipelines.compiler import Compiler, documents
from pipelines.links import link
from pipelines.plan import Plan
from pipelines.ports import Ports
from pipelines.source import Reader
from schemas.problem import Position, Problem

registry.load(flows.triggers, flows.conditions, flows.steps)


def compiled(path: Path, ports: Ports) -> tuple[Sequence[Plan], Sequence[Problem]]:
    """The plans of a pipeline file, and its problems."""
    functions = {"sun": sun_function(ports.home, ports.clock.now)}
    result = compile_files(path.parent, [path], Compiler(ports, functions))
    return result.plans, result.problems


def compiled_text(text: str, ports: Ports) -> tuple[Sequence[Plan], Sequence[Problem]]:
    """The plans of a text with one pipeline or a list of them, and its problems."""
    functions = {"sun": sun_function(ports.home, ports.clock.now)}
    reader, compiler = Reader(), Compiler(ports, functions)
    tree, plans, problems = reader.parse(text, "case.yaml"), [], reader.problems
    for document, at in documents(tree, Position("case.yaml", 1, 1)):
        plan, found = compiler.compile(document, at, reader.texts)
        plans += [plan] if plan else []
        problems = [*problems, *found]
    linked = link(plans, ())
    return linked.plans, [*problems, *linked.problems]


def scripts(path: Path) -> list[Script]:
    """The tests a pipeline file holds."""
    plans, problems = compiled(path, nowhere.ports(BERLIN))
    assert not problems, "\n".join(map(str, problems))
    return [read(test) for plan in plans for test in plan.tests]


def read(test: Any) -> Script:
    """One test as data."""
    return msgspec.convert(test, Script)
