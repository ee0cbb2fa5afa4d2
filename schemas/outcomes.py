"""What `hearth test` answers: each test, why it failed, what ran meanwhile, and the coverage."""

from typing import Any

from msgspec import Struct

from schemas.problem import Problem


class EffectShown(Struct, frozen=True, omit_defaults=True):
    """One effect as a test would name it; `time` on the test's clock, `run` its pipeline."""

    kind: str
    target: str
    fields: dict[str, Any] = {}
    line: int = 0
    time: str = ""
    run: str = ""


class Difference(Struct, frozen=True):
    """One value that was to be compared: `path` as in `payload.t`, null where there is none."""

    path: str
    expected: Any
    happened: Any


class Mismatch(Struct, frozen=True):
    """An expected effect, the one nearest to it, or either without the other."""

    expected: EffectShown | None
    happened: EffectShown | None
    differences: list[Difference] = []


class StepShown(Struct, frozen=True, omit_defaults=True):
    """One executed step of a run; `says` is its error, or why it was skipped."""

    path: str
    kind: str
    state: str
    time: str
    says: str = ""


class RunShown(Struct, frozen=True, omit_defaults=True):
    """One run of a test, step by step."""

    pipeline: str
    state: str
    trigger: str
    time: str
    error: str = ""
    steps: list[StepShown] = []


class Quiet(Struct, frozen=True):
    """A pipeline that was triggered and yet did not run, with the reason."""

    pipeline: str
    reason: str


class Heard(Struct, frozen=True):
    """One message or report that came in, and the readings it made (`hall.state on`)."""

    time: str
    source: str
    readings: list[str]


class Failure(Struct, frozen=True):
    """Why a test failed: where in the file, when on the test's clock, and what happened.

    `runs` are the last ones, `earlier_runs` tells how many were before them; `heard` is what came
    in last.
    """

    line: int
    time: str
    text: str
    mismatches: list[Mismatch] = []
    runs: list[RunShown] = []
    earlier_runs: int = 0
    quiet: list[Quiet] = []
    heard: list[Heard] = []


class Outcome(Struct, frozen=True):
    """One test; `seconds` of real time, `notes` what is worth knowing although it passed."""

    name: str
    pipeline: str
    file: str
    line: int
    passed: bool
    seconds: float
    failure: Failure | None = None
    notes: list[str] = []


class Way(Struct, frozen=True):
    """One way a pipeline can go; `taken` tells whether any test has gone it."""

    what: str
    line: int
    taken: bool


class Coverage(Struct, frozen=True):
    """The ways of one pipeline; `percent` of them were taken by its tests."""

    pipeline: str
    file: str
    percent: float
    ways: list[Way]


class SuiteReport(Struct, frozen=True):
    """Everything `hearth test` found; `problems` are those of files that could not be tested."""

    passed: int
    failed: int
    seconds: float
    tests: list[Outcome]
    problems: list[Problem] = []
    coverage: list[Coverage] = []
