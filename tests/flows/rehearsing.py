"""Compiling and rehearsing pipeline text, with every component at hand."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

import flows.conditions
import flows.steps
import flows.triggers
from edge_agent.devices.profiles import load_profiles
from edge_agent.rehearsal.contract import Surroundings
from edge_agent.rehearsal.memory_ledger import MemoryLedger
from edge_agent.rehearsal.scene import AgentScene
from flows.engine import Engine
from flows.rehearsal import BERLIN, Failed, Stage
from flows.sun import sun_function
from pipelines import registry
from pipelines.check import compile_files
from pipelines.compiler import Compiler, documents
from pipelines.links import link
from pipelines.plan import Plan
from pipelines.ports import Ports
from pipelines.rehearsal import Rehearsal, read_tests
from pipelines.source import Reader
from schemas.problem import Position, Problem

registry.load(flows.triggers, flows.conditions, flows.steps)
PROFILES = load_profiles()[0]

Compiled = tuple[Sequence[Plan], Sequence[Problem]]


def compiled(path: Path, ports: Ports) -> Compiled:
    """The plans of a pipeline file, and its problems."""
    functions = {"sun": sun_function(ports.home, ports.clock.now)}
    result = compile_files(path.parent, [path], Compiler(ports, functions))
    return result.plans, result.problems


def compiled_text(text: str, ports: Ports) -> Compiled:
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


def read(test: dict[str, Any], pipeline: str = "case") -> Rehearsal:
    """One test out of plain data."""
    problems: list[Problem] = []
    text = msgspec.json.encode({"tests": [test]}).decode()
    found = read_tests(Reader().parse(text, "case.yaml"), pipeline, problems.append)
    assert not problems, "\n".join(map(str, problems))
    return found[0]


def scene(
    test: Rehearsal,
    compile_plans: Callable[[Ports], Sequence[Plan]],
    kept: MemoryLedger | None = None,
) -> AgentScene:
    """A scene with a ledger in memory, in no home."""
    ledger = kept or MemoryLedger()
    return AgentScene(test, Surroundings(compile_plans, BERLIN, PROFILES), lambda now: ledger)


class Rehearsed:
    """Pipelines on a stage, played step by step; `ledger` and `engine` may be looked into."""

    def __init__(self, text: str, **test: Any) -> None:
        self._text = text
        self.ledger = MemoryLedger()
        self.scene = scene(read({"name": "any", **test}), self._plans, self.ledger)
        self._stage = Stage(self.scene)
        self._entered = False

    @property
    def engine(self) -> Engine:
        """The engine of the present life."""
        assert self.scene.life is not None
        return self.scene.life.engine

    async def play(self, *steps: Any) -> "Rehearsed":
        """Play steps of a script."""
        if not self._entered:
            self._entered = True
            await self._stage.enter()
        await self._stage.play(read({"name": "any", "script": [*steps]}).acts)
        return self

    def _plans(self, ports: Ports) -> Sequence[Plan]:
        plans, problems = compiled_text(self._text, ports)
        assert all(problem.severity == "warning" for problem in problems), problems
        return plans


def rehearse(test: Rehearsal, compile_plans: Callable[[Ports], Sequence[Plan]]) -> AgentScene:
    """Play a test; the scene as it is afterwards."""
    played = scene(test, compile_plans)
    try:
        asyncio.run(Stage(played).perform(test))
    except Failed as failed:
        shown: list[Any] = [failed.at, failed.text, *failed.pairs]
        raise AssertionError("\n".join(map(str, shown))) from None
    return played
