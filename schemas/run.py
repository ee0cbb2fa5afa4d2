"""What a run leaves behind: its steps, its effects, and how it ended."""

from typing import Any, Literal

from msgspec import Struct

RunState = Literal["queued", "running", "waiting", "completed", "failed", "cancelled", "crashed"]


class Try(Struct, frozen=True, array_like=True, gc=False):
    """One try of a step that may be tried again; `error` is empty for the one that succeeded."""

    started: float
    finished: float
    error: str = ""


class Asked(Struct, frozen=True, array_like=True, gc=False):
    """A condition that was asked, as it was written, and whether it held."""

    condition: str
    held: bool


class Notes(Struct, omit_defaults=True):
    """What only the execution of a step knew, beside its outputs and effects.

    `unmet` is the condition for which it was skipped, `asked` are those asked to choose a branch,
    in order. `inputs` are rendered inputs that no effect holds. `awaits` says what was waited for,
    `until` when that was over or given up (epoch seconds). Conditions and triggers stand as they
    were written, on one line.
    """

    unmet: str = ""
    asked: tuple[Asked, ...] = ()
    inputs: dict[str, Any] = {}
    tries: tuple[Try, ...] = ()
    awaits: tuple[str, ...] = ()
    until: float | None = None


class StepRecord(Struct, frozen=True, array_like=True, gc=False):
    """One executed step; `path` is its id or place (`trend`, `2`, `2/then/0`), times epoch seconds.

    `values` are its outputs, `attempts` counts tries beyond the first. `parent` is the path of the
    step it lies in (empty: none) and `branch` which of its lists that is (`branches/0/steps`,
    `on_error`; of the pipeline: empty, `errors`, `finally`). `rounds` numbers the rounds of the
    `repeat` steps around it from 1, outermost first: path and rounds together name a step of a run.
    """

    path: str
    kind: str
    state: str
    started: float
    finished: float
    error: str = ""
    values: Any = None
    attempts: int = 0
    parent: str = ""
    branch: str = ""
    rounds: tuple[int, ...] = ()
    notes: Notes | None = None


class Effect(Struct, frozen=True, array_like=True, gc=False):
    """One thing a run did to the world; `payload` is text or JSON-encodable, `ts` epoch seconds.

    `step` and `rounds` are path and rounds of the step that did it.
    """

    step: str
    kind: str
    target: str
    payload: Any
    ts: float
    performed: bool = True
    rounds: tuple[int, ...] = ()


class RunRecord(Struct, frozen=True, gc=False):
    """A run as the ledger keeps it; written when it ends, and when it begins to wait.

    `id` and `event` are 128-bit UUID integers; `trigger` is what `trigger` was in expressions,
    without payload (the event holds it). `steps` are in the order they ended, those still waiting
    last. A later record with the same `id` replaces this one.
    """

    id: int
    pipeline: str
    version: str
    event: int
    trigger: dict[str, Any]
    state: str
    started: float
    finished: float | None = None
    error: str = ""
    steps: list[StepRecord] = []
    effects: list[Effect] = []
    inputs: dict[str, Any] = {}
    variables: dict[str, Any] = {}
    labels: dict[str, str] = {}
    parent: int = 0


class Slot(Struct, frozen=True, gc=False):
    """A durable note of a component: state that outlives an event, with a deadline if it waits.

    `owner` is `PIPELINE/PATH` of the component (or `run/ID`), `key` tells its slots apart,
    `due` is an absolute deadline in epoch seconds.
    """

    owner: str
    key: str
    value: Any
    due: float | None = None
