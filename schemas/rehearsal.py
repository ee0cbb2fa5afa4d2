"""A pipeline's test as it is written: what is given, the script, and how the world answers."""

# ruff: noqa: RUF012 (msgspec copies the defaults of structs)

from typing import Annotated, Any, Literal

from msgspec import Meta

from schemas.fields import Duration
from schemas.message import Said
from schemas.pipeline import Part

DeviceName = Annotated[str, Meta(description="Name of the device.")]
Property = Annotated[str, Meta(description="Which property, in the common vocabulary.")]
Instance = Annotated[
    str | int | None, Meta(description="Which of several equal properties: `l1`, `0`.")
]


class GivenReading(Part, frozen=True):
    """What a device reported before the test begins."""

    device: DeviceName
    property: Property
    value: Annotated[Any, Meta(description="Its value.")]
    instance: Instance = None
    ago: Annotated[
        Duration | None, Meta(description="How long before the beginning; just now by default.")
    ] = None


class GivenDevice(Part, frozen=True):
    """A device of the test's home, as in `devices.yaml`; it can do only what its firmware can."""

    key: Annotated[str, Meta(description="`FIRMWARE:ID`; Zigbee2MQTT and its name by default.")] = (
        ""
    )
    area: Annotated[str, Meta(description="Where it is.")] = ""
    labels: Annotated[dict[str, str], Meta(description="Free labels.")] = {}
    aliases: Annotated[list[str], Meta(description="Other names it goes by.")] = []
    can: Annotated[
        list[str] | None,
        Meta(description="The properties and actions it can do, where these are fewer."),
    ] = None
    answers: Annotated[
        bool, Meta(description="Whether it reports what it is told; false: it is stuck.")
    ] = True


class GivenHome(Part, frozen=True):
    """Where the test's home is; the settings of the home by default."""

    time_zone: Annotated[str, Meta(description="Its time zone.")] = ""
    latitude: Annotated[float | None, Meta(description="Degrees north.")] = None
    longitude: Annotated[float | None, Meta(description="Degrees east.")] = None


class Given(Part, frozen=True):
    """What is so when a test begins."""

    time: Annotated[
        str,
        Meta(
            description="When it is; without an offset in the home's time zone.",
            examples=["2026-01-10T18:00:00", "2026-01-10T18:00:00+01:00"],
        ),
    ] = "2026-01-10T12:00:00"
    readings: Annotated[
        list[GivenReading], Meta(description="What devices have reported before.")
    ] = []
    memory: Annotated[dict[str, Any], Meta(description="What is remembered.")] = {}
    devices: Annotated[
        dict[str, GivenDevice], Meta(description="Devices by name; `devices.yaml` counts too.")
    ] = {}
    home: Annotated[GivenHome, Meta(description="Where the home is; its settings by default.")] = (
        GivenHome()
    )


class SentMessage(Part, frozen=True):
    """An MQTT message somebody sends; a firmware profile reads it as in a home."""

    topic: Annotated[str, Meta(description="The topic.", min_length=1)]
    payload: Annotated[
        Any, Meta(description="A mapping, list, number or boolean goes as JSON, text as it is.")
    ] = ""
    qos: Annotated[
        Literal[0, 1, 2],
        Meta(description="At 0 it is lost while the agent or the broker is away."),
    ] = 1
    retain: Annotated[
        bool,
        Meta(description="It comes as a message the broker kept, and again after a restart."),
    ] = False


class Report(Part, frozen=True):
    """A device reports a value, whatever its firmware."""

    device: DeviceName
    property: Property
    value: Annotated[Any, Meta(description="Its value.")]
    instance: Instance = None
    retained: Annotated[
        bool, Meta(description="Whether it comes as a message that the broker kept.")
    ] = False


class EmittedEvent(Part, frozen=True):
    """An internal event, as an `emit` step sends it."""

    name: Annotated[str, Meta(description="The event's name.")]
    payload: Annotated[Any, Meta(description="What it carries.")] = None


class HookCall(Part, frozen=True):
    """A request to one of the agent's webhooks."""

    name: Annotated[str, Meta(description="The hook's name.")]
    method: Annotated[Literal["POST", "PUT", "GET"], Meta(description="The HTTP method.")] = "POST"
    payload: Annotated[Any, Meta(description="What is sent.")] = None


class RunByHand(Part, frozen=True):
    """A run started by hand, as `hearth run` does."""

    pipeline: Annotated[str, Meta(description="Id of the pipeline.")]
    inputs: Annotated[dict[str, Any], Meta(description="Its inputs.")] = {}
    payload: Annotated[Any, Meta(description="What `trigger.payload` is.")] = None
    force: Annotated[bool, Meta(description="Do not ask the pipeline's conditions.")] = False


class ScriptStep(Part, frozen=True):
    """One step of a script: exactly one of these."""

    publish: Annotated[
        SentMessage | None, Meta(description="Somebody sends an MQTT message; a profile reads it.")
    ] = None
    report: Annotated[
        Report | None, Meta(description="A device reports a value, whatever its firmware.")
    ] = None
    remember: Annotated[
        dict[str, Any] | None, Meta(description="Values that are remembered from now on.")
    ] = None
    emit: Annotated[
        str | EmittedEvent | None, Meta(description="An internal event: its name, or a mapping.")
    ] = None
    webhook: Annotated[
        str | HookCall | None, Meta(description="A request to a webhook: its name, or a mapping.")
    ] = None
    message: Annotated[
        str | Said | None,
        Meta(description="Somebody says something: the text, or a mapping."),
    ] = None
    run: Annotated[
        str | RunByHand | None, Meta(description="A run by hand: the pipeline, or a mapping.")
    ] = None
    advance: Annotated[Duration | None, Meta(description="Time passes.")] = None
    at: Annotated[
        str | None,
        Meta(
            description="Time passes until then: the next such time of day, or a date and time.",
            examples=["07:30", "2026-01-11T07:30:00"],
        ),
    ] = None
    restart: Annotated[
        "str | Absence | None",
        Meta(description="The agent stops and starts again, after this time if one is given."),
    ] = None
    offline: Annotated[
        "str | Absence | None", Meta(description="The broker cannot be reached for this time.")
    ] = None
    expect: Annotated[
        "Literal['nothing'] | list[Expected] | Expected | None",
        Meta(description="The effects since the last `expect`, in any order; `nothing`: none."),
    ] = None


class Absence(Part, frozen=True):
    """A time in which the agent or the broker is away."""

    for_: Annotated[Duration, Meta(description="How long.")]
    meanwhile: Annotated[
        list[ScriptStep | Literal["restart"]],
        Meta(description="What happens in this time; its `advance` steps are part of it."),
    ] = []


class Expected(Part, frozen=True):
    """One effect: a kind with its target, and what else is to be compared beside it."""

    publish: Annotated[str | dict[str, Any] | None, Meta(description="Topic of a message.")] = None
    device: Annotated[
        str | dict[str, Any] | None, Meta(description="Name of a device that was told something.")
    ] = None
    notify: Annotated[
        str | dict[str, Any] | None, Meta(description="Target of a notification.")
    ] = None
    http: Annotated[str | dict[str, Any] | None, Meta(description="Address of a request.")] = None
    emit: Annotated[str | dict[str, Any] | None, Meta(description="Name of an internal event.")] = (
        None
    )
    run: Annotated[
        str | dict[str, Any] | None,
        Meta(description="Pipeline of a run that ended. Need not be expected."),
    ] = None
    remember: Annotated[
        str | dict[str, Any] | None,
        Meta(description="Key of a value that was remembered. Need not be expected."),
    ] = None
    payload: Annotated[Any, Meta(description="Of `publish`, `emit`.")] = None
    qos: Annotated[Any, Meta(description="Of `publish`.")] = None
    retain: Annotated[Any, Meta(description="Of `publish`.")] = None
    set: Annotated[Any, Meta(description="Of `device`: the properties and their values.")] = None
    do: Annotated[Any, Meta(description="Of `device`: the action.")] = None
    instance: Annotated[Any, Meta(description="Of `device`.")] = None
    transition: Annotated[Any, Meta(description="Of `device`.")] = None
    raw: Annotated[Any, Meta(description="Of `device`.")] = None
    title: Annotated[Any, Meta(description="Of `notify`.")] = None
    message: Annotated[Any, Meta(description="Of `notify`.")] = None
    data: Annotated[Any, Meta(description="Of `notify`.")] = None
    method: Annotated[Any, Meta(description="Of `http`.")] = None
    headers: Annotated[Any, Meta(description="Of `http`.")] = None
    params: Annotated[Any, Meta(description="Of `http`.")] = None
    json: Annotated[Any, Meta(description="Of `http`.")] = None
    body: Annotated[Any, Meta(description="Of `http`.")] = None
    state: Annotated[Any, Meta(description="Of `run`: completed, failed, cancelled.")] = None
    error: Annotated[Any, Meta(description="Of `run`: why it failed.")] = None
    inputs: Annotated[Any, Meta(description="Of `run`: the inputs it was given.")] = None
    value: Annotated[Any, Meta(description="Of `remember`.")] = None


class HttpStub(Part, frozen=True):
    """How an address answers."""

    url: Annotated[str, Meta(description="The address; `*` stands for anything.")]
    method: Annotated[str, Meta(description="Only requests of this method.")] = ""
    status: Annotated[int, Meta(description="The status.", ge=100, le=599)] = 200
    json: Annotated[Any, Meta(description="The answer as JSON.")] = None
    body: Annotated[str, Meta(description="The answer as text.")] = ""
    headers: Annotated[dict[str, str], Meta(description="Its header lines.")] = {}
    error: Annotated[str, Meta(description="Nobody answers: the reason.")] = ""
    times: Annotated[
        int, Meta(description="Answers so often, then the next that fits; 0: always.", ge=0)
    ] = 0


class NotifyStub(Part, frozen=True):
    """A target that cannot be reached."""

    to: Annotated[str, Meta(description="The target; `*` stands for anything.")]
    error: Annotated[str, Meta(description="Why.")]
    times: Annotated[int, Meta(description="Fails so often; 0: always.", ge=0)] = 0


class SqlStub(Part, frozen=True):
    """What a query of the history finds."""

    rows: Annotated[list[dict[str, Any]], Meta(description="The rows.")]
    query: Annotated[str, Meta(description="Which query; `*` stands for anything.")] = "*"


class Stub(Part, frozen=True):
    """How the world outside answers."""

    http: Annotated[list[HttpStub], Meta(description="Answers to requests; the first fits.")] = []
    notify: Annotated[list[NotifyStub], Meta(description="Targets that fail.")] = []
    sql: Annotated[
        list[SqlStub],
        Meta(description="Answers to `sql` steps; without one they ask the test's own history."),
    ] = []
    models: Annotated[dict[str, Any], Meta(description="What models answer, by name.")] = {}


class PipelineTest(Part, frozen=True):
    """One test of a pipeline."""

    name: Annotated[str, Meta(description="What it shows, as a sentence.", min_length=1)]
    given: Annotated[Given, Meta(description="What is so when it begins.")] = Given()
    inputs: Annotated[
        dict[str, Any], Meta(description="Values of the pipeline's or blueprint's inputs.")
    ] = {}
    script: Annotated[
        list[ScriptStep | Literal["restart"]],
        Meta(description="What happens, in order, and what is expected of the pipelines."),
    ] = []
    stub: Annotated[Stub, Meta(description="How the world outside answers.")] = Stub()
