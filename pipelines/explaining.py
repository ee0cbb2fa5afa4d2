"""A pipeline compiled aside so that its triggers and conditions can say why they did not hold."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from pipelines.draft import Draft
from pipelines.entry import CONDITION, TRIGGER, Entry, Kind, read_entry
from pipelines.expression_names import Known
from pipelines.findings import Explained
from pipelines.plan import Gate
from pipelines.registry import CONDITIONS
from pipelines.scope import Test
from pipelines.tree import Map
from pipelines.wording import worded
from pipelines.workbench import Workbench
from schemas.problem import Position


class ExplainingDraft(Draft):
    """Compiles as a `Draft` does, and once more what tells; `fields` gets those of components."""

    def __init__(self, *args: Any, fields: list[Map], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._every = fields

    def _compiled(self, entry: Entry, path: str, known: Known) -> Any:
        self._every.append(entry.fields)
        return super()._compiled(entry, path, known)

    def gate(self, value: Any, at: Position, index: int, known: Known) -> Gate | None:
        """One trigger of the pipeline, with its doubts."""
        gate = super().gate(value, at, index, known)
        entry = _entry(value, at, TRIGGER)
        if gate is None or entry is None:
            return gate
        tools = Workbench(self, f"triggers/{index}", entry.fields, known, entry.at)
        doubts = entry.component.doubts(tools)  # type: ignore[attr-defined]
        return replace(gate, doubts=doubts, text=worded({entry.name: value[entry.name]}))

    def _condition(self, value: Any, at: Position, known: Known, path: str) -> Test | None:
        test = super()._condition(value, at, known, path)
        if isinstance(value, str) and value not in CONDITIONS:
            value = self._bare_condition(value, at)
        entry = _entry(value, at, CONDITION)
        if test is None or entry is None:
            return test
        tools = Workbench(self, path, entry.fields, known, entry.at)
        tell = entry.component.tell(tools)  # type: ignore[attr-defined]
        bare = value.get("template") if isinstance(value, dict) else None
        return Explained(worded(value if bare is None else bare), test, tell)


def _entry(value: Any, at: Position, kind: Kind) -> Entry | None:
    return None if value is None else read_entry(value, at, kind, lambda problem: None)
