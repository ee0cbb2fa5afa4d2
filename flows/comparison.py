"""What a live pipeline did and what another version of it would have done, firing by firing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal

from msgspec import Struct

from pipelines.plan import BESIDE, Plan
from schemas.event import Event
from schemas.run import RunRecord

MOST = 1_000
"""So many firings are kept; older ones are only counted."""

Verdict = Literal["same", "different", "only live", "only candidate", "under way"]
Action = tuple[str, str, Any]


class Side(Struct, frozen=True):
    """One version's run: what it did to the world, as (kind, target, payload)."""

    record: RunRecord
    actions: Sequence[Action]


class Firing:
    """One event that started a run in at least one of the versions."""

    def __init__(self, event: Event) -> None:
        self.event = event
        self.live: Side | None = None
        self.candidate: Side | None = None

    @property
    def verdict(self) -> Verdict:
        """How the two compare by now."""
        if self.live is None or self.candidate is None:
            return "only candidate" if self.live is None else "only live"
        one, other = self.live.record, self.candidate.record
        if one.finished is None or other.finished is None:
            return "under way"
        same = one.state == other.state and self.live.actions == self.candidate.actions
        return "same" if same else "different"


class Comparison:
    """Collects the runs of one pipeline and of the version beside it (`Engine.on_run`)."""

    def __init__(self, pipeline: str, since: float) -> None:
        self.pipeline = pipeline
        self.since = since
        self.counts: Counter[Verdict] = Counter()
        self._firings: dict[tuple[Any, int], Firing] = {}
        self._seen: dict[int, tuple[Any, int]] = {}
        self._fired: Counter[tuple[bool, Any]] = Counter()

    def note(self, plan: Plan, record: RunRecord, event: Event) -> None:
        """A run has ended or begun to wait."""
        candidate = plan.id == self.pipeline + BESIDE
        if record.started < self.since or not (candidate or plan.id == self.pipeline):
            return
        key = self._seen.get(record.id)
        if key is None:
            key = self._seen[record.id] = self._key(event, candidate)
        firing = self._firings.setdefault(key, Firing(event))
        side = Side(record, _actions(plan, record))
        if candidate:
            firing.candidate = side
        else:
            firing.live = side
        if len(self._firings) > MOST:
            self._forget()

    def firings(self) -> Sequence[Firing]:
        """What is kept, oldest first."""
        return list(self._firings.values())

    def totals(self) -> dict[Verdict, int]:
        """How many firings there were of each kind."""
        return dict(self.counts + Counter(each.verdict for each in self._firings.values()))

    def _key(self, event: Event, candidate: bool) -> tuple[Any, int]:
        """The same for both versions: the event, and which of its runs. A deadline of the version
        beside is another event, of the same time and almost the same name."""
        timed = event.channel == "timer"
        name = (event.source.replace(BESIDE, ""), event.ts) if timed else event.id
        number = self._fired[candidate, name]
        self._fired[candidate, name] += 1
        return name, number

    def _forget(self) -> None:
        key = next(iter(self._firings))
        gone = self._firings.pop(key)
        self.counts[gone.verdict] += 1
        for side in (gone.live, gone.candidate):
            if side is not None:
                self._seen.pop(side.record.id, None)
        for candidate in (False, True):
            self._fired.pop((candidate, key[0]), None)


def _actions(plan: Plan, record: RunRecord) -> Sequence[Action]:
    """What the pipeline's own steps did; a sub-run is named by what it was given."""
    return [
        (each.kind, each.target, _lasting(each.kind, each.payload))
        for each in record.effects
        if each.step in plan.paths
    ]


def _lasting(kind: str, payload: Any) -> Any:
    if kind == "run" and isinstance(payload, dict):
        return {name: value for name, value in payload.items() if name != "id"}
    return payload
