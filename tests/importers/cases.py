"""Cases of imports: files of Home Assistant as YAML data, and what must come of them."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from flows.sun import sun_function
from pipelines.compiler import Compiler
from pipelines.decode import decode
from pipelines.importers.home_assistant.contents import Contents
from pipelines.importers.home_assistant.entities import Table, Target
from pipelines.importers.home_assistant.files import reader_of
from pipelines.importers.home_assistant.house import Import, import_contents
from pipelines.importers.home_assistant.page import House
from pipelines.links import link
from pipelines.plan import Plan
from pipelines.ports import Ports
from pipelines.source import Reader
from schemas.problem import Position, Problem

CASES = Path(__file__).parents[1] / "cases" / "importers" / "home_assistant"


def cases() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every case with its name."""
    for path in sorted(CASES.glob("*.yaml")):
        reader = Reader(CASES)
        tree = reader.load(path)
        assert not reader.problems, reader.problems
        for case in tree:
            yield f"{path.stem}: {case['name']}", case


def imported(case: dict[str, Any]) -> Import:
    """What comes of the files of a case: `automation`, `file` or `text`."""
    contents = Contents()
    if "text" in case:
        reader = reader_of(CASES)
        contents.add(reader.parse(case["text"], "automations.yaml"))
        assert not reader.problems, reader.problems
    contents.add(case.get("automation", case.get("file")))
    table = Table(notify={}, services=dict(case.get("services", {})))
    for entity, entry in case.get("table", {}).items():
        target, problems = decode(entry, Target, Position(), entity)
        assert target is not None and not problems, problems
        table.entities[entity] = target
    return import_contents(contents, House(table, contents, case.get("devices", ())))


def compiled(made: Import, ports: Ports) -> tuple[Sequence[Plan], Sequence[Problem]]:
    """The plans of all that was imported, and their problems."""
    compiler = Compiler(ports, {"sun": sun_function(ports.home, ports.clock.now)})
    plans, problems = [], []
    for each in made.pipelines:
        reader = Reader()
        tree = reader.parse(each.text, f"{each.id}.yaml")
        plan, found = compiler.compile(tree, Position(f"{each.id}.yaml", 1, 1), reader.texts)
        problems += [*reader.problems, *found]
        plans += [plan] if plan else []
    linked = link(plans, ())
    errors = [each for each in [*problems, *linked.problems] if each.severity == "error"]
    return linked.plans, errors
