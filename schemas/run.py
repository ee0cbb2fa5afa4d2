"""What a run leaves behind: its steps, its effects, and how it ended."""

from typing import Any, Literal

from msgspec import Struct

RunState = Literal["queued", "running", "waiting", "completed", "failed", "cancelled", "crashed"]
StepState = Literal["completed", "skipped", "failed", "cancelled"]


class StepRecord(Struct, frozen=True, array_like=True, gc=False):
    """One executed step; `path` is its id or place (`trend`, `2`, `2/then/0`), times epoch seconds.

    `values` are the rendered inputs and outputs a person needs to understand it; `attempts`
    counts tries beyond the first.
    """

    path: str
    kind: str
    state: str
    started: float
    finished: float
    error: str = ""
    values: Any = None
    attempts: int = 0


class Effect(Struct, frozen=True, array_like=True, gc=False):
    """One thing a run did to the world; `payload` is text or JSON-encodable, `ts` epoch seconds."""

    step: str
    kind: str
    target: str
    payload: Any
    ts: float
    performed: bool = True


class RunRecord(Struct, frozen=True, gc=False):
    """A run as the ledger keeps it; written when it ends, and when it begins to wait.

    `id` and `event` are 128-bit UUID integers; `trigger` is what `trigger` was in expressions,
    without payload (the event holds it). A later record with the same `id` replaces this one.
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
