"""Which ways of each pipeline its tests have gone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from edge_agent.rehearsal.files import Suite
from flows.rehearsal import Stage
from pipelines.blueprint import is_blueprint
from pipelines.compiler import documents
from pipelines.outline import Key, Possible, ways
from pipelines.source import Reader
from pipelines.tree import Map
from schemas.outcomes import Coverage, Way
from schemas.problem import Position
from schemas.run import RunRecord, StepRecord


def gone(stage: Stage) -> Iterator[tuple[str, set[Key]]]:
    """The ways that the runs of one test have shown, by pipeline."""
    for record in stage.runs.values():
        yield record.pipeline, set(_gone(record))
    for pipeline, counts in stage.counts.items():
        if counts["unmet"]:
            yield pipeline, {("conditions", False)}


def coverage_of(file: Suite, ways_gone: Mapping[str, set[Key]]) -> list[Coverage]:
    """Each pipeline that is written in a file, with every way it can go."""
    return [
        _coverage(document, file.name, ways_gone.get(document["id"], set()))
        for document in _documents(file)
    ]


def _documents(file: Suite) -> Iterator[Map]:
    """The pipelines that are written in a file; what a blueprint holds is counted there."""
    blueprint = is_blueprint(file.path, file.facts.folder)
    tree = Reader(file.facts.folder).load(file.path, asks=blueprint)
    if blueprint and isinstance(tree, Map):
        tree.put("id", file.path.stem, tree.at, tree.at)
    for document, _ in documents(tree, Position(file.name, 1, 1)):
        if isinstance(document, Map) and "id" in document and "use_blueprint" not in document:
            yield document


def _coverage(document: Map, file: str, gone_ways: set[Key]) -> Coverage:
    possible = [_way(way, gone_ways) for way in ways(document)]
    taken = sum(way.taken for way in possible)
    percent = 100.0 * taken / len(possible) if possible else 100.0
    return Coverage(document["id"], file, round(percent, 1), possible)


def _way(way: Possible, gone_ways: set[Key]) -> Way:
    return Way(way.what, way.at.line, way.key in gone_ways)


def _gone(record: RunRecord) -> Iterator[Key]:
    yield "trigger", str(record.trigger.get("id", ""))
    yield "conditions", True
    for step in record.steps:
        yield "block", step.parent, step.branch
        yield "if", step.path, step.state != "skipped"
        if step.state == "failed":
            yield "failed", step.path
        if step.attempts or (step.notes is not None and len(step.notes.tries) > 1):
            yield "retry", step.path
        yield from _own(step)


def _own(step: StepRecord) -> Iterator[Key]:
    """What the outputs of a step tell of the way it went."""
    outputs: Any = step.values if isinstance(step.values, dict) else {}
    if step.kind == "choose" and "branch" in outputs:
        number = outputs["branch"]
        branch = "otherwise" if number is None else f"branches/{number}/steps"
        yield "block", step.path, branch
    elif step.kind == "repeat" and "rounds" in outputs:
        if outputs["rounds"] != 1:
            yield "rounds", step.path, "several" if outputs["rounds"] else "none"
    elif step.kind == "wait_for" and "timed_out" in outputs:
        yield "wait", step.path, bool(outputs["timed_out"])
