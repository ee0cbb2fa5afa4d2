"""A pipeline as it is written: the keys of one document, and of what stands beside components."""

from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta, Struct

from schemas.fields import (
    ID_PATTERN,
    NAME_PATTERN,
    Conditions,
    Duration,
    Expression,
    Steps,
    Tests,
    Triggers,
    field_name,
)

InputType = Literal[
    "number", "integer", "boolean", "text", "string", "select", "duration", "time", "device",
    "any", "triggers", "conditions", "steps",
]  # fmt: skip
PARTS = frozenset({"triggers", "conditions", "steps"})
"""Types of inputs that only blueprints have."""
StepId = Annotated[
    str,
    Meta(
        pattern=NAME_PATTERN,
        description="Name of its result, `steps.ID`: small letters, digits and `_`.",
        examples=["last_hour"],
    ),
]


class Part(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename=field_name, gc=False
):
    """What every part of a pipeline document is; `templated`: its durations hold expressions."""

    templated: ClassVar[bool] = False


class Input(Part, frozen=True):
    """One input: a Prefect parameter, webhook argument and blueprint input."""

    type: Annotated[
        InputType,
        Meta(description="What it takes; triggers, conditions and steps only in blueprints."),
    ] = "text"
    default: Annotated[Any, Meta(description="Its value when none is given.")] = None
    description: Annotated[str, Meta(description="What it is for.")] = ""
    required: Annotated[bool, Meta(description="Whether a run needs it.")] = False
    multiple: Annotated[bool, Meta(description="Whether it takes a list of these.")] = False
    options: Annotated[list[Any], Meta(description="The values of a `select`.")] = []
    min: Annotated[float | None, Meta(description="Least number.")] = None
    max: Annotated[float | None, Meta(description="Greatest number.")] = None


class MissedWithin(Part, frozen=True):
    """How old a missed time may be to be run after all."""

    within: Annotated[Duration, Meta(description="Run it if it fell due within this time.")]


class Blueprint(Part, frozen=True):
    """A pipeline made elsewhere, with its inputs."""

    path: Annotated[
        str, Meta(description="File under `blueprints/` of the home, or a shipped one.")
    ]
    inputs: Annotated[dict[str, Any], Meta(description="Values of its inputs.")] = {}


class Pipeline(Part, frozen=True):
    """One pipeline."""

    id: Annotated[
        str,
        Meta(
            pattern=ID_PATTERN,
            description="Its name, unique in the home: small letters, digits, `-` and `_`.",
            examples=["freezer-alarm"],
        ),
    ]
    description: Annotated[str, Meta(description="What it is for.")] = ""
    enabled: Annotated[bool, Meta(description="Whether its triggers are live.")] = True
    labels: Annotated[dict[str, str], Meta(description="Free labels.")] = {}
    mode: Annotated[
        Literal["single", "restart", "queued", "parallel"],
        Meta(description="What a trigger does while a run is active."),
    ] = "single"
    max: Annotated[
        int, Meta(ge=1, le=1000, description="Most runs at once (`parallel`) or waiting.")
    ] = 10
    max_exceeded: Annotated[
        Literal["warn", "silent"], Meta(description="Whether dropped runs are logged.")
    ] = "warn"
    missed: Annotated[
        Literal["run", "skip"] | MissedWithin,
        Meta(
            description=(
                "What happens with schedules, `for` and `debounce` that fell due while the agent "
                "was down. skip: they are left out; run: each is made up for once, however often "
                "it was due; within: if it is no older. Runs that wait go on in any case."
            )
        ),
    ] = "skip"
    stale_after: Annotated[
        Duration | None, Meta(description="Older events are recorded and not acted on.")
    ] = None
    path: Annotated[
        Literal["fast", "flow"],
        Meta(
            description=(
                "fast: run in the agent in milliseconds, recorded in Prefect afterwards. flow: run "
                "by Prefect's own engine, live in its UI, with its retries, timeouts, caching and "
                "concurrency limits; for long work. Where Prefect does not answer it runs as fast."
            )
        ),
    ] = "fast"
    priority: Annotated[
        Literal["low", "normal", "high"], Meta(description="Which runs come first.")
    ] = "normal"
    inputs: Annotated[dict[str, Input], Meta(description="Typed inputs.")] = {}
    variables: Annotated[
        dict[str, Any], Meta(description="Expressions, computed once per run, in order.")
    ] = {}
    triggers: Annotated[Triggers, Meta(description="What starts it.")] = []
    conditions: Annotated[Conditions, Meta(description="What must hold for it to run.")] = None
    steps: Annotated[Steps, Meta(description="What it does, in order.")] = []
    errors: Annotated[Steps, Meta(description="Run when a step has failed.")] = []
    finally_: Annotated[Steps, Meta(description="Run at the end, in any case.")] = []
    tests: Annotated[Tests, Meta(description="Tests for `hearth test`.")] = []
    use_blueprint: Annotated[
        Blueprint | None, Meta(description="In place of triggers and steps.")
    ] = None
    shadow: Annotated[bool, Meta(description="Record its effects, perform none.")] = False


class RetryFields(Part, frozen=True):
    """How a failed step is tried again."""

    attempts: Annotated[int, Meta(ge=1, le=1000, description="Tries in all.")] = 1
    delay: Annotated[Duration, Meta(description="Wait before the second try.")] = "1s"
    backoff: Annotated[
        Literal["constant", "exponential"], Meta(description="Whether each wait doubles.")
    ] = "constant"
    max_delay: Annotated[Duration, Meta(description="The longest wait.")] = "10m"
    jitter: Annotated[bool, Meta(description="Vary the waits at random.")] = False


class ThrottleFields(Part, frozen=True):
    """At most one run a period."""

    period: Annotated[Duration, Meta(description="The period.")]
    by: Annotated[
        Expression, Meta(description="Counted for each value of this alone; by device by default.")
    ] = ""


class LimitFields(Part, frozen=True):
    """At most so many runs in a time."""

    runs: Annotated[int, Meta(ge=1, description="How many.")]
    per: Annotated[Duration, Meta(description="In which time.")]


class BesideTrigger(Part, frozen=True):
    """The keys that may stand beside a trigger."""

    id: Annotated[str, Meta(description="`trigger.id`; the trigger's number by default.")] = ""
    if_: Annotated[Conditions, Meta(description="What must hold for it to start a run.")] = None
    debounce: Annotated[
        Duration | None, Meta(description="Fire once it has been quiet for this long.")
    ] = None
    throttle: Annotated[
        str | ThrottleFields | None, Meta(description="Fire at most once in this time (`30s`).")
    ] = None
    limit: Annotated[LimitFields | None, Meta(description="Fire at most so often in a time.")] = (
        None
    )
    dedupe_by: Annotated[
        Expression | None, Meta(description="Events with the same value of this fire once.")
    ] = None


class BesideWait(Part, frozen=True):
    """The key that may stand beside a trigger that is waited for."""

    id: Annotated[str, Meta(description="`trigger.id`; the trigger's number by default.")] = ""


class BesideCondition(Part, frozen=True):
    """Nothing may stand beside a condition."""


class BesideStep(Part, frozen=True):
    """The keys that may stand beside a step."""

    id: StepId | None = None
    if_: Annotated[Conditions, Meta(description="Skipped unless this holds.")] = None
    retry: Annotated[RetryFields | None, Meta(description="How it is tried again.")] = None
    timeout: Annotated[Duration | None, Meta(description="It fails after this time.")] = None
    cache: Annotated[
        Duration | None,
        Meta(
            description=(
                "With `path: flow`: for this time, what it gave is taken again when nothing that "
                "its fields say has changed."
            )
        ),
    ] = None
    on_error: Annotated[
        Literal["stop", "continue"] | list[Any],
        Meta(
            description="When it failed: stop the run, continue, or steps to run instead.",
            extra_json_schema={"x-hearth": "steps"},
        ),
    ] = "stop"
