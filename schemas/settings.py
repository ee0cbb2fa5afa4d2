"""`hearth.yaml`: the agent's settings; every key can come from the environment too."""

from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit

from msgspec import Meta, Struct, field

from schemas.fields import Duration

BoardName = Literal["pi-zero-2-w", "pi-3", "pi-4", "pi-5", "nas", "generic"]
Port = Annotated[int, Meta(ge=0, le=65535)]
Latitude = Annotated[float, Meta(ge=-90, le=90)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]
Size = Annotated[
    str, Meta(pattern=r"^\s*\d+(\.\d+)?\s*([kKmMgGtT]i?)?[bB]?\s*$", examples=["500MB", "2GB"])
]


class Section(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every section of the settings is; `templated`: its durations hold expressions."""

    templated: ClassVar[bool] = False


class AgentSettings(Section, frozen=True):
    """Who and where this agent is."""

    name: Annotated[str, Meta(description="The agent's name; the host name by default.")] = ""
    time_zone: Annotated[str, Meta(description="IANA time zone of the home.")] = "UTC"
    latitude: Annotated[Latitude | None, Meta(description="Degrees north.")] = None
    longitude: Annotated[Longitude | None, Meta(description="Degrees east.")] = None
    language: Annotated[str, Meta(description="Language of the assistant: en, de, zh.")] = "en"
    board: Annotated[
        BoardName | None, Meta(description="The machine it runs on; detected by default.")
    ] = None


class TlsSettings(Section, frozen=True):
    """TLS to the broker; paths are relative to the home."""

    ca: Annotated[str | None, Meta(description="CA bundle; the system's by default.")] = None
    cert: Annotated[str | None, Meta(description="Client certificate.")] = None
    key: Annotated[str | None, Meta(description="Key of the client certificate.")] = None
    insecure: Annotated[bool, Meta(description="Do not check the broker's host name.")] = False


class MqttSettings(Section, frozen=True):
    """The broker; without a host an embedded one is started."""

    host: Annotated[str | None, Meta(description="Broker host; none: embedded broker.")] = None
    port: Annotated[Port, Meta(description="Broker port (8883 is usual with TLS).")] = 1883
    username: Annotated[str | None, Meta(description="User name.")] = None
    password: Annotated[str | None, Meta(description="Password; use !secret.")] = None
    client_id: Annotated[str | None, Meta(description="Client id; hearth-NAME by default.")] = None
    version: Annotated[Literal["3.1.1", 5], Meta(description='MQTT version, 5 or "3.1.1".')] = 5
    tls: Annotated[TlsSettings | bool, Meta(description="TLS settings, or true.")] = False
    keepalive: Annotated[Duration, Meta(description="Keep-alive interval.")] = "60s"
    discover: Annotated[bool, Meta(description="Subscribe to # to find unknown devices.")] = False
    stale_after: Annotated[
        Duration | None, Meta(description="Default staleness limit of pipelines.")
    ] = None
    queue: Annotated[
        int, Meta(ge=0, description="Messages kept on disk while the broker is away.")
    ] = 100_000
    announce: Annotated[
        bool, Meta(description="Show pipelines in Home Assistant, by its MQTT discovery.")
    ] = False
    publish_runs: Annotated[
        bool, Meta(description="Publish hearth/AGENT/run/PIPELINE for every finished run.")
    ] = False


class GatewaySettings(Section, frozen=True):
    """The HTTP gateway; other than loopback only with a token."""

    host: Annotated[str, Meta(description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[Port, Meta(description="Port; a free one is taken if it is busy.")] = 8420
    token: Annotated[str | None, Meta(description="Bearer token; use !secret.")] = None
    enabled: Annotated[bool, Meta(description="Whether to serve HTTP at all.")] = True


class RetentionSettings(Section, frozen=True):
    """How long the ledger keeps rows."""

    events: Annotated[Duration, Meta(description="Raw messages.")] = "30d"
    readings: Annotated[Duration, Meta(description="Readings.")] = "400d"
    runs: Annotated[Duration, Meta(description="Runs with their steps and effects.")] = "90d"


class LedgerSettings(Section, frozen=True):
    """The embedded DuckDB ledger."""

    commit_every: Annotated[Duration, Meta(description="Group-commit interval.")] = "50ms"
    retention: RetentionSettings = field(default_factory=RetentionSettings)
    max_size: Annotated[
        Size | None, Meta(description="Cap of the file, oldest rows go first; by board (2GB).")
    ] = None
    memory: Annotated[Size | None, Meta(description="Memory limit of DuckDB; by board (40MB).")] = (
        None
    )


class PrefectSettings(Section, frozen=True):
    """Where the runs are shown: a Prefect server, with every failure and what of the rest fits.

    Of completed runs all are shown up to `per_minute` for each pipeline and `per_day` in all;
    beyond that one in `sample`, and an artifact holds the exact counts. The ledger keeps them all.
    """

    server: Annotated[
        str,
        Meta(
            description="`embedded`, the API URL of a server or of Prefect Cloud, or `none`.",
            pattern=r"^(embedded|none|https?://\S+)$",
            examples=["embedded", "http://127.0.0.1:4200/api"],
        ),
    ] = "embedded"
    key: Annotated[str | None, Meta(description="API key of Prefect Cloud; use !secret.")] = None
    port: Annotated[
        Port, Meta(description="Port of the embedded server; a free one is taken if it is busy.")
    ] = 4200
    database: Annotated[
        str | None, Meta(description="PostgreSQL URL of the embedded server; none: SQLite.")
    ] = None
    keep: Annotated[Duration, Meta(description="How long the embedded server keeps runs.")] = "30d"
    per_minute: Annotated[
        int, Meta(ge=0, description="Completed runs of a pipeline shown in a minute.")
    ] = 10
    per_day: Annotated[int, Meta(ge=0, description="Completed runs shown in a day, in all.")] = 2000
    sample: Annotated[int, Meta(ge=1, description="Of those beyond, one in so many.")] = 100


class ShareSettings(Section, frozen=True):
    """One model of a split."""

    model: Annotated[str, Meta(description="Its name.")]
    weight: Annotated[
        float, Meta(ge=0, description="Its part of what no label claims, against the others'.")
    ] = 1.0
    label: Annotated[
        str,
        Meta(
            description="`KEY=VALUE`: all that has this label goes here, and nothing else.",
            pattern=r"^$|^[^=]+=.+$",
            examples=["room=cellar"],
        ),
    ] = ""


class ModelSettings(Section, frozen=True):
    """One entry of `models:` in `hearth.yaml`; the folders under `models/` need none.

    With `split` the name stands for several models: each run or conversation stays with one. With
    `first` and `then` it stands for a small model, and a larger one that is asked when the small
    one is not sure, fails, or is given too much to read.
    """

    driver: Annotated[
        str, Meta(description="tvm, openai, mlc_llm, onnx or rules; tvm for folders.")
    ] = "tvm"
    path: Annotated[str, Meta(description="Its folder, relative to the home.")] = ""
    url: Annotated[str, Meta(description="An OpenAI-compatible server, up to `/v1`.")] = ""
    name: Annotated[str, Meta(description="What the server calls the model.")] = ""
    key: Annotated[str | None, Meta(description="The server's API key; use !secret.")] = None
    sequences: Annotated[int, Meta(ge=1, le=256, description="Answers at once.")] = 8
    memory: Annotated[
        Size | None, Meta(description="The most it may take; by default what models may in all.")
    ] = None
    warm_up: Annotated[
        bool, Meta(description="Load it and try it before the agent says that it is ready.")
    ] = False
    keep_loaded: Annotated[
        bool, Meta(description="Never unload it when another needs its memory.")
    ] = False
    queue: Annotated[
        int, Meta(ge=0, description="Requests that may wait; more are told to come later.")
    ] = 256
    split: Annotated[
        list[ShareSettings], Meta(description="Models that share the requests, by weight or label.")
    ] = []
    first: Annotated[str, Meta(description="The model that is asked first.")] = ""
    then: Annotated[str, Meta(description="The model that is asked when the first is unsure.")] = ""
    below: Annotated[
        float,
        Meta(
            ge=0,
            le=1,
            description="Unsure: a confidence below this (of a text: the mean of its tokens').",
        ),
    ] = 0.7
    up_to: Annotated[
        int,
        Meta(ge=0, description="Longer requests, in characters with schema and tools, skip it."),
    ] = 8000

    @property
    def remote(self) -> bool:
        """Whether it runs on another machine."""
        host = urlsplit(self.url).hostname or "localhost"
        return not (host in ("localhost", "::1") or host.startswith("127."))

    tokens: Annotated[int, Meta(ge=64, description="Tokens of all answers at once.")] = 8192


class InferenceSettings(Section, frozen=True):
    """What models may take of this machine, all of them together."""

    memory: Annotated[
        Size | None, Meta(description="Weights and working memory; by board (1GB).")
    ] = None
    threads: Annotated[
        Annotated[int, Meta(ge=1)] | None, Meta(description="CPU cores they keep busy; by board.")
    ] = None


class LogSettings(Section, frozen=True):
    """Log output."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="Least level shown.")
    ] = "info"
    format: Annotated[
        Literal["auto", "text", "json"], Meta(description="auto: text on a terminal, else JSON.")
    ] = "auto"


class Settings(Section, frozen=True):
    """The whole `hearth.yaml`."""

    agent: AgentSettings = field(default_factory=AgentSettings)
    mqtt: MqttSettings = field(default_factory=MqttSettings)
    gateway: GatewaySettings = field(default_factory=GatewaySettings)
    ledger: LedgerSettings = field(default_factory=LedgerSettings)
    prefect: PrefectSettings = field(default_factory=PrefectSettings)
    notify: Annotated[
        dict[str, dict[str, Any]],
        Meta(description="Named targets: {log: LEVEL}, {mqtt: TOPIC} or {webhook: URL}."),
    ] = {}
    models: Annotated[
        dict[str, ModelSettings],
        Meta(description="Models by name, besides the folders under `models/`."),
    ] = {}
    inference: InferenceSettings = field(default_factory=InferenceSettings)
    log: LogSettings = field(default_factory=LogSettings)


class DeviceSettings(Section, frozen=True):
    """One entry of `devices.yaml`."""

    key: Annotated[str, Meta(description="FIRMWARE:ID of the device.")]
    area: Annotated[str | None, Meta(description="Room or place.")] = None
    labels: Annotated[dict[str, str], Meta(description="Free labels.")] = {}
    aliases: Annotated[list[str], Meta(description="Other names.")] = []
    inverted: Annotated[
        list[str], Meta(description="Boolean properties this device reports the wrong way round.")
    ] = []
    silent_after: Annotated[
        Duration | None,
        Meta(description="Unavailable when nothing was heard of it for this long; 0s: never."),
    ] = None
