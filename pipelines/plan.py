"""The compiled pipeline: closures and the few facts the engine needs around them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from msgspec import Struct

from pipelines.rehearsal import Rehearsal
from pipelines.scope import Expr, Test
from pipelines.step import StepFn
from pipelines.tree import Map
from pipelines.trigger import Arm, Calendar, Doubts
from schemas.model import Where
from schemas.problem import Position

BESIDE = "~shadow"
"""What is put behind the id of a version that runs beside the live one of the same id."""


class Retry(Struct, frozen=True, gc=False):
    """How often (tries in all) and how long apart a failing step is tried; seconds."""

    attempts: int = 1
    delay: float = 1.0
    exponential: bool = False
    max_delay: float = 600.0
    jitter: bool = False


class Cache(Struct, frozen=True):
    """How long (seconds) a step's outputs count for whoever has the same `key`."""

    seconds: float
    key: Expr


class Block(Struct, frozen=True):
    """Steps executed in order."""

    steps: tuple[PlannedStep, ...] = ()


class PlannedStep(Struct, frozen=True):
    """One compiled step. `waits` tells that `run` is a generator function; `id` is empty unless
    the user gave one; `path` is unique and stable within the pipeline (`2/then/0`). `parent` and
    `branch` are those of `StepRecord`; `asks` are the conditions of `test` as written."""

    path: str
    kind: str
    run: StepFn
    waits: bool
    id: str = ""
    test: Test | None = None
    retry: Retry | None = None
    timeout: float | None = None
    cache: Cache | None = None
    on_error: Literal["stop", "continue"] | Block = "stop"
    parent: str = ""
    branch: str = ""
    asks: tuple[str, ...] = ()


class Gate(Struct, frozen=True):
    """One trigger of a pipeline with what stands beside it; durations in seconds.

    `key` names its state: what it says, so that triggers around it may come and go. `doubts` and
    `text`, as it was written, are there where somebody asks why it does not fire.
    """

    id: str
    index: int
    kind: str
    arm: Arm
    test: Test | None = None
    debounce: float | None = None
    throttle: float | None = None
    throttle_by: Expr | None = None
    limit: tuple[int, float] | None = None
    dedupe_by: Expr | None = None
    key: str = ""
    calendar: Calendar = Calendar()
    doubts: Doubts | None = None
    text: str = ""


class Link(Struct, frozen=True):
    """Another pipeline that a pipeline names: its ends start this one, or a step runs it and gives
    it inputs (as they are written)."""

    pipeline: str
    at: Position
    given: Map | None = None


class ModelUse(Struct, frozen=True):
    """A model that a step asks: by which name, where it may run, whether its vectors are compared
    with others; `at` and `placed` are where its name and its placement are written."""

    model: str
    where: Where
    compared: bool
    at: Position
    placed: Position


class Plan(Struct, frozen=True):
    """A pipeline ready to run. `missed` is "run", "skip" or a number of seconds (`within`);
    `paths` are those of all its steps, however deep. `inputs` checks the values given to a run and
    fills in `defaults`; it raises `UserError`.
    `secrets` are texts that must not stand in what is recorded; `links` the other pipelines it
    names; `models` what its steps ask; `remembers` the keys it remembers, as far as its text tells.
    A `shadow` performs no effect; one compiled `aside` has a memory of its own."""

    id: str
    version: str
    gates: tuple[Gate, ...]
    steps: Block
    test: Test | None = None
    errors: Block = Block()
    finally_: Block = Block()
    variables: tuple[tuple[str, Expr], ...] = ()
    inputs: Callable[[dict[str, Any]], dict[str, Any]] = dict
    defaults: dict[str, Any] = {}
    mode: Literal["single", "restart", "queued", "parallel"] = "single"
    max: int = 10
    max_exceeded: Literal["warn", "silent"] = "warn"
    missed: str | float = "skip"
    stale_after: float | None = None
    path: Literal["fast", "flow"] = "fast"
    priority: int = 0
    enabled: bool = True
    labels: dict[str, str] = {}
    paths: frozenset[str] = frozenset()
    description: str = ""
    file: str = ""
    shadow: bool = False
    secrets: frozenset[str] = frozenset()
    tests: tuple[Rehearsal, ...] = ()
    links: tuple[Link, ...] = ()
    models: tuple[ModelUse, ...] = ()
    remembers: frozenset[str] = frozenset()
    aside: bool = False

    @property
    def name(self) -> str:
        """The id its text gives it, also beside the live version."""
        return self.id.removesuffix(BESIDE)
