"""What an expression sees while a run executes."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from schemas.event import Event
from schemas.identity import text_id
from schemas.run import Effect, Notes, StepRecord

if TYPE_CHECKING:
    from pipelines.plan import PlannedStep

T = TypeVar("T")
Expr = Callable[["Scope"], Any]
Test = Callable[["Scope"], bool]
Carrier = Callable[["PlannedStep", "Scope"], Generator[Any, Any, Any]]


class Constant:
    """An expression that is the same for every run."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __call__(self, scope: Scope) -> Any:
        """The value."""
        return self.value


class AllHold:
    """Conditions that must all hold, asked in order until one does not."""

    __slots__ = ("tests",)

    def __init__(self, tests: Iterable[Test]) -> None:
        self.tests = tuple(tests)

    def __call__(self, scope: Scope) -> bool:
        """Whether they do."""
        for test in self.tests:  # noqa: SIM110 (a generator would cost more than the tests)
            if not test(scope):
                return False
        return True


class RunView:
    """What expressions see as `run`: id, pipeline, version, started (epoch seconds)."""

    __slots__ = ("number", "pipeline", "started", "version")

    def __init__(self, number: int, pipeline: str, version: str, started: float) -> None:
        self.number = number
        self.pipeline = pipeline
        self.version = version
        self.started = started

    @property
    def id(self) -> str:
        """The run's id as UUID text."""
        return text_id(self.number)


class StepResult(dict[str, Any]):
    """A step's result: `state`, `error` and its outputs, by key or attribute in expressions."""


class _AsNeeded(Generic[T]):
    """A part of a scope that few runs need, made when it is first asked for.

    `__getattr__` would do that too, but then every other attribute takes ten times as long.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, scope: Scope, owner: type) -> T:
        parts = scope.parts
        if self._name not in parts:
            parts[self._name] = self._make()
        part: T = parts[self._name]
        return part

    def __set__(self, scope: Scope, value: T) -> None:
        scope.parts[self._name] = value


class Scope:
    """The names of one run, and the record it leaves.

    `trigger` maps id, device, property, value, previous, topic, payload, raw, ts (those the
    trigger has). `steps` maps step ids to their results, `variables` and `inputs` names to values;
    `run` holds id, pipeline, version, started. Sub-scopes (`child`) share everything but `repeat`.
    `waits` and `loops` hold absolute deadlines and round numbers by step path, `active` the paths
    of the steps that are waiting, so that a suspended run can be taken up again; `resuming` then
    holds the paths it was suspended at, each removed as its step is entered again. `rounds` are
    the numbers of the `repeat` rounds around this scope, `underway` the records of steps that have
    begun and not ended, by path. `ending` is the state the run will end in, once its steps are over
    and only `errors` and `finally` are left; `failures` are the errors of the steps whose
    `on_error` steps run just now, by path. `own_memory` tells that what a shadow remembers is its
    own, so that this is done although nothing else is. `carrier` tries the steps in the executor's
    stead, where another engine carries the run.

    Most runs are over at once and need few of these; `parts` holds what was made as needed.
    """

    waits = _AsNeeded[dict[str, float]](dict)
    loops = _AsNeeded[dict[str, int]](dict)
    active = _AsNeeded[set[str]](set)
    resuming = _AsNeeded[set[str]](set)
    underway = _AsNeeded[dict[str, StepRecord]](dict)
    failures = _AsNeeded[dict[str, dict[str, Any]]](dict)
    steps = _AsNeeded[dict[str, Any]](dict)
    carrier = _AsNeeded[Carrier | None](lambda: None)

    __slots__ = (
        "effects", "ending", "error", "event", "inputs", "live", "now", "own_memory", "parts",
        "records", "repeat", "rounds", "run", "run_id", "trigger", "variables",
    )  # fmt: skip

    def __init__(
        self,
        *,
        trigger: dict[str, Any],
        event: Event,
        inputs: dict[str, Any],
        run: RunView,
        live: bool = True,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.trigger = trigger
        self.event = event
        self.inputs = inputs
        self.run = run
        self.run_id = run.number
        self.live = live
        self.own_memory = False
        self.now = now
        self.variables: dict[str, Any] = {}
        self.error: dict[str, Any] | None = None
        self.ending = "completed"
        self.repeat: dict[str, Any] | None = None
        self.records: list[StepRecord] = []
        self.effects: list[Effect] = []
        self.rounds: tuple[int, ...] = ()
        self.parts: dict[str, Any] = {}

    def child(self, repeat: dict[str, Any] | None) -> Scope:
        """The same run seen from inside a `repeat` round."""
        inner = Scope.__new__(Scope)
        for name in Scope.__slots__:
            setattr(inner, name, getattr(self, name))
        inner.repeat = repeat
        if repeat is not None and repeat is not self.repeat:
            inner.rounds = (*self.rounds, repeat["index"])
        return inner

    def notes(self, path: str) -> Notes:
        """What is told of a step that may wait, while it is under way."""
        notes = self.underway[path].notes
        assert notes is not None
        return notes

    def act(self, step: str, kind: str, target: str, payload: Any, ts: float) -> bool:
        """Note an effect; True when it is to be performed (False in a rehearsal or shadow)."""
        self.effects.append(Effect(step, kind, target, payload, ts, self.live, self.rounds))
        return self.live or (self.own_memory and kind == "remember")
