"""What an expression sees while a run executes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from schemas.event import Event
from schemas.run import Effect, StepRecord

Expr = Callable[["Scope"], Any]
Test = Callable[["Scope"], bool]


class Constant:
    """An expression that is the same for every run."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __call__(self, scope: Scope) -> Any:
        """The value."""
        return self.value


class StepResult(dict[str, Any]):
    """A step's result: `state`, `error` and its outputs, by key or attribute in expressions."""


class Scope:
    """The names of one run, and the record it leaves.

    `trigger` maps id, device, property, value, previous, topic, payload, raw, ts (those the
    trigger has). `steps` maps step ids to their results, `variables` and `inputs` names to values;
    `run` holds id, pipeline, version, started. Sub-scopes (`child`) share everything but `repeat`.
    `waits` and `loops` hold absolute deadlines and round numbers by step path, so that a suspended
    run can be taken up again; `resuming` holds the paths it was suspended at.
    """

    __slots__ = (
        "effects", "error", "event", "inputs", "live", "loops", "records", "repeat", "resuming",
        "run", "run_id", "steps", "trigger", "variables", "waits",
    )  # fmt: skip

    def __init__(
        self,
        *,
        trigger: dict[str, Any],
        event: Event,
        inputs: dict[str, Any],
        run: dict[str, Any],
        run_id: int = 0,
        live: bool = True,
    ) -> None:
        self.trigger = trigger
        self.event = event
        self.inputs = inputs
        self.run = run
        self.run_id = run_id
        self.live = live
        self.variables: dict[str, Any] = {}
        self.steps: dict[str, Any] = {}
        self.error: dict[str, Any] | None = None
        self.repeat: dict[str, Any] | None = None
        self.records: list[StepRecord] = []
        self.effects: list[Effect] = []
        self.waits: dict[str, float] = {}
        self.loops: dict[str, int] = {}
        self.resuming: frozenset[str] = frozenset()

    def child(self, repeat: dict[str, Any] | None) -> Scope:
        """The same run seen from inside a `repeat` round."""
        inner = Scope.__new__(Scope)
        for name in Scope.__slots__:
            setattr(inner, name, getattr(self, name))
        inner.repeat = repeat
        return inner

    def act(self, step: str, kind: str, target: str, payload: Any, ts: float) -> bool:
        """Note an effect; True when it is to be performed (False in a rehearsal or shadow)."""
        self.effects.append(Effect(step, kind, target, payload, ts, self.live))
        return self.live
