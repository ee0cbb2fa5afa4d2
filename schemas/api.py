"""What the HTTP interface answers and takes: the structs behind `/api/v1` and its OpenAPI."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from schemas.traces import RunSummary, Time, Trace


class UserProblem(Struct, frozen=True):
    """One thing the user must change."""

    text: Annotated[str, Meta(description="What is wrong.")]
    file: Annotated[str, Meta(description="File, relative to the home.")] = ""
    line: Annotated[int, Meta(description="Line from 1; 0: the whole file.")] = 0
    column: Annotated[int, Meta(description="Column from 1.")] = 0
    hint: Annotated[str, Meta(description="What to try.")] = ""
    severity: Annotated[str, Meta(description="`error` or `warning`.")] = "error"


class ProblemDetails(Struct, frozen=True):
    """What went wrong with a request, as RFC 9457 says."""

    status: Annotated[int, Meta(description="The HTTP status.")]
    title: Annotated[str, Meta(description="The kind of problem in a few words.")]
    detail: Annotated[str, Meta(description="What is wrong with this request.")] = ""
    type: Annotated[str, Meta(description="Names the kind of problem.")] = "about:blank"
    problems: Annotated[
        list[UserProblem], Meta(description="What to change, each with its place.")
    ] = []


class RunPage(Struct, frozen=True):
    """Runs, newest first."""

    items: Annotated[list[RunSummary], Meta(description="At most `limit` runs.")]
    next: Annotated[
        str | None, Meta(description="`cursor` of the following page; null on the last.")
    ] = None


class PipelineView(Struct, frozen=True):
    """A pipeline and how it does."""

    id: Annotated[str, Meta(description="Unique in the home.")]
    description: Annotated[str, Meta(description="What it is for.")] = ""
    enabled: Annotated[bool, Meta(description="Whether its triggers are live.")] = True
    mode: Annotated[str, Meta(description="single, restart, queued or parallel.")] = "single"
    labels: Annotated[dict[str, str], Meta(description="Free labels.")] = {}
    version: Annotated[str, Meta(description="Changes with the pipeline's text.")] = ""
    file: Annotated[str, Meta(description="Where it is written, relative to the home.")] = ""
    triggers: Annotated[list[str], Meta(description="Ids of its triggers.")] = []
    last_run: Annotated[RunSummary | None, Meta(description="The newest run.")] = None
    runs: Annotated[
        dict[str, int], Meta(description="Runs since the start of the agent, by state.")
    ] = {}
    problems: Annotated[
        list[UserProblem],
        Meta(description="Why its newest text is not in force; the last good one runs."),
    ] = []


class StartRun(Struct, frozen=True, forbid_unknown_fields=True):
    """How to start a run by hand."""

    inputs: Annotated[dict[str, Any], Meta(description="Values of the pipeline's inputs.")] = {}
    event: Annotated[Any, Meta(description="What `trigger.payload` and `event` hold.")] = None
    dry_run: Annotated[
        bool, Meta(description="Perform no effect, only show them; implies `wait`.")
    ] = False
    force: Annotated[bool, Meta(description="Do not check the pipeline's conditions.")] = False
    wait: Annotated[bool, Meta(description="Answer when the run has ended.")] = False


class RunStarted(Struct, frozen=True):
    """What became of a run started by hand."""

    id: Annotated[str, Meta(description="The run's UUID; empty when none was started.")]
    state: Annotated[str, Meta(description="The run's state, or `refused`.")]
    reason: Annotated[str, Meta(description="Why no run was started.")] = ""
    trace: Annotated[Trace | None, Meta(description="The run, when it was waited for.")] = None


class HookAnswer(Struct, frozen=True):
    """The runs a webhook started."""

    runs: Annotated[list[str], Meta(description="Their UUIDs.")]


class Heard(Struct, frozen=True):
    """The runs a message started."""

    runs: Annotated[list[str], Meta(description="Their UUIDs.")]


class PropertyView(Struct, frozen=True):
    """One property of a device as last reported."""

    property: Annotated[str, Meta(description="In the canonical vocabulary.")]
    value: Annotated[Any, Meta(description="Number, boolean, text or list.")]
    unit: Annotated[str | None, Meta(description="The unit.")] = None
    instance: Annotated[str | None, Meta(description="Tells equal properties apart.")] = None
    since: Annotated[datetime | None, Meta(description="When it took this value.")] = None
    desired: Annotated[Any, Meta(description="What it was last told to be.")] = None


class DeviceView(Struct, frozen=True):
    """A device and what it last reported."""

    key: Annotated[str, Meta(description="FIRMWARE:ID, stable.")]
    name: Annotated[str, Meta(description="Its name.")]
    firmware: Annotated[str, Meta(description="The profile that speaks for it.")] = ""
    manufacturer: Annotated[str, Meta(description="Who made it.")] = ""
    model: Annotated[str, Meta(description="What it is.")] = ""
    area: Annotated[str | None, Meta(description="Room or place.")] = None
    labels: Annotated[dict[str, str], Meta(description="Free labels.")] = {}
    aliases: Annotated[list[str], Meta(description="Other names.")] = []
    available: Annotated[bool | None, Meta(description="Null when unknown.")] = None
    last_seen: Annotated[datetime | None, Meta(description="Its last message.")] = None
    properties: Annotated[list[PropertyView], Meta(description="What it reported.")] = []


class ReadingView(Struct, frozen=True):
    """One reading."""

    ts: Time
    device: Annotated[str, Meta(description="The device's name.")]
    device_key: Annotated[str, Meta(description="The device's key.")]
    property: Annotated[str, Meta(description="In the canonical vocabulary.")]
    value: Annotated[Any, Meta(description="Number, boolean or text.")]
    unit: Annotated[str | None, Meta(description="The unit.")] = None
    instance: Annotated[str | None, Meta(description="Tells equal properties apart.")] = None


class Bucket(Struct, frozen=True):
    """Readings of one property over a span of time."""

    start: Time
    device: Annotated[str, Meta(description="The device's name.")]
    device_key: Annotated[str, Meta(description="The device's key.")]
    property: Annotated[str, Meta(description="In the canonical vocabulary.")]
    average: Annotated[float | None, Meta(description="Arithmetic mean of the samples.")]
    minimum: Annotated[float | None, Meta(description="Smallest value.")]
    maximum: Annotated[float | None, Meta(description="Largest value.")]
    count: Annotated[int, Meta(description="How many samples.")]
    instance: Annotated[str | None, Meta(description="Tells equal properties apart.")] = None


class RunQuery(Struct, frozen=True):
    """Which runs; `cursor` is what an earlier page gave as `next`."""

    pipeline: str | None = None
    state: str | None = None
    since: datetime | None = None
    limit: int = 50
    cursor: str | None = None


class ReadingQuery(Struct, frozen=True):
    """Which readings; newest first. `device` is a name, alias or key."""

    device: str | None = None
    property: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    limit: int = 1000


class Query(Struct, frozen=True, forbid_unknown_fields=True):
    """Read-only SQL."""

    sql: Annotated[str, Meta(description="One DuckDB SELECT.", min_length=1)]
    params: Annotated[dict[str, Any], Meta(description="Values of `$name` in it.")] = {}


MOST_ROWS = 10_000


class QueryAnswer(Struct, frozen=True):
    """The rows of a query, the first 10,000 of them."""

    columns: Annotated[list[str], Meta(description="Names of the columns, in order.")]
    rows: Annotated[list[dict[str, Any]], Meta(description="A mapping each row.")]


class HookCall(Struct, frozen=True):
    """A webhook as it was called; `data` are the JSON keys, or the query's."""

    name: str
    method: str
    data: Any
    raw: bytes = b""
    idempotency_key: str = ""
    principal: str = ""


class Message(Struct, frozen=True, forbid_unknown_fields=True):
    """One MQTT message."""

    topic: Annotated[str, Meta(description="No wildcards.", min_length=1, max_length=65535)]
    payload: Annotated[
        Any, Meta(description="Text as it is; a mapping, list, number or boolean as JSON.")
    ] = ""
    base64: Annotated[bool, Meta(description="`payload` is base64 of binary data.")] = False
    retain: Annotated[bool, Meta(description="Whether it is (or is to be) a kept message.")] = False
    qos: Annotated[Literal[0, 1, 2], Meta(description="Quality of service.")] = 0
    publish: Annotated[
        bool,
        Meta(description="Send it to the broker; else it is taken in as if it came from there."),
    ] = False


class Accepted(Struct, frozen=True):
    """How many were taken."""

    accepted: Annotated[int, Meta(description="How many messages were taken.")]


class AgentView(Struct, frozen=True):
    """The running agent, for `hearth doctor`."""

    name: Annotated[str, Meta(description="The agent's name.")]
    version: Annotated[str, Meta(description="hearthflow's version.")]
    pid: Annotated[int, Meta(description="Its process.")]
    started: Time
    urls: Annotated[dict[str, str], Meta(description="What is served where.")] = {}
    facts: Annotated[
        dict[str, Any], Meta(description="Broker, ledger, memory: whatever helps to find a fault.")
    ] = {}
