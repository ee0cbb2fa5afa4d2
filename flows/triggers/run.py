"""The trigger `run`: a run of another pipeline has ended."""

from collections.abc import Callable, Collection
from fnmatch import fnmatchcase
from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta

from flows.endings import CHANNEL
from flows.router import ANY
from pipelines.ports import Slots
from pipelines.registry import trigger
from pipelines.scope import Scope
from pipelines.tools import Tools
from pipelines.trigger import Arm, Doubt, Doubts, Fire, OnName, Trigger, Watch
from schemas.event import Event

End = Literal["completed", "failed", "cancelled", "crashed"]


@trigger
class Run(Trigger, frozen=True):
    """Fire when a run of another pipeline has ended.

    `trigger.pipeline`, `trigger.state`, `trigger.run` (its id), `trigger.error`,
    `trigger.started`, `trigger.finished` (epoch seconds), `trigger.duration` (seconds),
    `trigger.inputs` and `trigger.outputs` (its variables at the end) tell of it. A glob or a label
    never means the pipeline itself. Where runs start one another in a circle, the seventeenth
    fails and the circle ends.
    """

    main: ClassVar[str] = "pipeline"

    pipeline: Annotated[
        str | list[str] | dict[str, str],
        Meta(description="An id, a glob, a list of these, or `{label: k=v}`."),
    ]
    state: Annotated[
        End | list[End] | None,
        Meta(description="How it ended: one state or several; completed and failed by default."),
    ] = None

    def compile(self, tools: Tools) -> Arm:
        """Sort the names: exact ones are watched alone, for the others every end is looked at."""
        states = _states(self.state)
        if isinstance(self.pipeline, dict):
            if self.pipeline.keys() != {"label"}:
                tools.problem("`pipeline` takes names or a label", "pipeline", "`{label: k=v}`")
            wanted = _labelled(self.pipeline.get("label", ""))
            return _arm([], wanted, states)
        names = [self.pipeline] if isinstance(self.pipeline, str) else self.pipeline
        exact = [name for name in names if not _is_glob(name)]
        for index, name in enumerate(names):
            if name in exact:
                at = "pipeline" if isinstance(self.pipeline, str) else f"pipeline/{index}"
                tools.follows(name, at)
        return _arm(exact, _named([name for name in names if _is_glob(name)]), states)

    def doubts(self, tools: Tools) -> Doubts:
        """Another state."""
        states = _states(self.state)

        def doubt(event: Event, scope: Scope) -> Doubt | None:
            name, state = event.payload["pipeline"], event.payload["state"]
            if state in states:
                return None
            return Doubt("state", f"`{name}` was {state}, not {' or '.join(sorted(states))}")

        return doubt


def _states(state: End | list[End] | None) -> frozenset[str]:
    if state is None:
        return frozenset({"completed", "failed"})
    return frozenset([state] if isinstance(state, str) else state)


Wanted = Callable[[dict[str, Any]], bool]


def _arm(exact: Collection[str], wanted: Wanted | None, states: Collection[str]) -> Arm:
    def arm(fire: Fire, slots: Slots, scope: Scope) -> list[Watch]:
        own = scope.run.pipeline

        def see(event: Event) -> None:
            if event.payload["state"] in states:
                fire({key: told for key, told in event.payload.items() if key != "labels"}, event)

        def look(event: Event) -> None:
            if event.source not in (own, *exact) and wanted is not None and wanted(event.payload):
                see(event)

        watches: list[Watch] = [OnName(CHANNEL, name, see) for name in exact]
        return watches if wanted is None else [*watches, OnName(CHANNEL, ANY, look)]

    return arm


def _is_glob(name: str) -> bool:
    return any(mark in name for mark in "*?[")


def _named(globs: Collection[str]) -> Wanted | None:
    if not globs:
        return None
    return lambda told: any(fnmatchcase(told["pipeline"], glob) for glob in globs)


def _labelled(label: str) -> Wanted:
    name, equals, value = label.partition("=")

    def wanted(told: dict[str, Any]) -> bool:
        held = told["labels"].get(name)
        return held is not None and (not equals or held == value)

    return wanted
