"""The language of firmware profiles: which topics and keys mean what, and how to command."""

from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta, Struct

from schemas.fields import Duration

Channel = Literal[
    "state", "telemetry", "availability", "event", "command-result", "discovery", "info", "log",
    "command",
]  # fmt: skip
PathText = Annotated[
    str,
    Meta(description="Where in the payload: `a.b`, `list.0.x`, `*` for every key or item."),
]
Scale = Annotated[float, Meta(gt=0)]
Template = Annotated[
    str,
    Meta(
        description="Text in which `{name}` is a named topic part, else a path of the payload;"
        " `{name|upper}`, `|lower` and `|bare` (no colons) change it."
    ),
]


class Part(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every part of a profile is; `templated`: its durations hold expressions."""

    templated: ClassVar[bool] = False


class FieldRule(Part, frozen=True):
    """What one key of a payload is; in short `temperature °F` (property, then the unit sent)."""

    property: Annotated[
        str, Meta(description="The property; canonical names get their unit. Empty: left out.")
    ] = ""
    unit: Annotated[
        Template,
        Meta(description="The unit in the payload: °F, mV, W·min, mired; `{u}` if key `u` says."),
    ] = ""
    pattern: Annotated[
        str, Meta(description="A regular expression; its first group in a text is the value.")
    ] = ""
    scale: Annotated[
        Scale | None, Meta(description="The raw value that is 100 % (255, 254, 1).")
    ] = None
    factor: Annotated[float, Meta(description="The raw number is multiplied by this.")] = 1.0
    offset: Annotated[float, Meta(description="Added after the factor.")] = 0.0
    values: Annotated[
        dict[str, Any], Meta(description="Raw words and what they mean; others stay.")
    ] = {}
    instance: Annotated[
        Template, Meta(description="Which of several equal properties: `l1`, `{button}`.")
    ] = ""
    invert: Annotated[bool, Meta(description="True and false are exchanged.")] = False
    unless: Annotated[
        list[str], Meta(description="Keys that win: this one counts only without them.")
    ] = []


Fields = Annotated[
    dict[str, FieldRule | str | None],
    Meta(
        description="Path of a key, and what it is: `power W`, a mapping, or null to leave it out."
    ),
]


class TimeRule(Part, frozen=True):
    """Where a message says when it was measured; in short `PATH`, `PATH s` or `PATH ms`."""

    path: PathText
    unit: Annotated[
        Literal["auto", "iso", "s", "ms"], Meta(description="auto: ISO text, s or ms by size.")
    ] = "auto"


class AvailableRule(Part, frozen=True):
    """How a message tells that the device is there."""

    path: PathText = ""
    online: Annotated[tuple[str, ...], Meta(description="Words for there, in any case.")] = (
        "online", "true", "1", "on", "ready", "connected",
    )  # fmt: skip
    offline: Annotated[tuple[str, ...], Meta(description="Words for away, in any case.")] = (
        "offline", "false", "0", "off", "lost", "disconnected", "sleeping", "init", "alert",
    )  # fmt: skip
    cascade: Annotated[bool, Meta(description="A bridge: away means all behind it are.")] = False


class MessageRule(Part, frozen=True):
    """What the messages of one kind of topic mean."""

    topic: Annotated[
        str,
        Meta(
            description="The topic; `{device}` is one level, `{device:2}` two, `{device:*}` one or"
            " more; `{instance}`, `{property}` and other names as well; `+` and `#` as in MQTT."
        ),
    ]
    when: Annotated[
        dict[str, Any],
        Meta(description="Paths and the values they must have (`*`: any); else the next rule."),
    ] = {}
    channel: Annotated[Channel, Meta(description="What kind of message it is.")] = "telemetry"
    device: Annotated[Template, Meta(description="The device's id; `{device}` by default.")] = ""
    payload: Annotated[
        Literal["auto", "json", "text"], Meta(description="json: anything else is a parse error.")
    ] = "auto"
    root: Annotated[PathText, Meta(description="The object that holds the values.")] = ""
    value: Annotated[
        PathText, Meta(description="The one value, with `property` saying what it is.")
    ] = ""
    property: Annotated[
        Template,
        Meta(description="What a single value is: a key of `fields`, or as in `fields`."),
    ] = ""
    instance: Annotated[Template, Meta(description="The instance of all its readings.")] = ""
    fields: Fields = {}
    other: Annotated[
        Literal["keep", "known", "ignore"],
        Meta(description="Keys not in `fields`: keep all, only well-known ones, or none."),
    ] = "keep"
    time: Annotated[TimeRule | str | None, Meta(description="When it was measured.")] = None
    available: Annotated[AvailableRule | None, Meta(description="Availability in it.")] = None
    details: Annotated[
        dict[str, str],
        Meta(
            description="Facts of the device and their paths: `firmware_version`, `mac`; with"
            " `name`, `manufacturer` or `model` a discovery message announces the device."
        ),
    ] = {}


class CommandRule(Part, frozen=True):
    """How to set one property or carry out verbs."""

    topic: Annotated[Template, Meta(description="Where to send; `{device}`, `{instance}`.")]
    set: Annotated[str, Meta(description="The property this sets.")] = ""
    do: Annotated[list[str] | str, Meta(description="The verbs this carries out.")] = []
    payload: Annotated[
        Any,
        Meta(description="What to send: text or JSON with `{value}`; alone it keeps its type."),
    ] = "{value}"
    values: Annotated[dict[str, Any], Meta(description="Canonical values or verbs to words.")] = {}
    unit: Annotated[str, Meta(description="The unit sent.")] = ""
    scale: Annotated[Scale | None, Meta(description="The raw value of 100 %.")] = None
    factor: Annotated[float, Meta(description="As in `fields`: raw · factor + offset.")] = 1.0
    offset: Annotated[float, Meta(description="As in `fields`.")] = 0.0
    digits: Annotated[int, Meta(ge=0, le=9, description="Decimals kept.")] = 0
    qos: Annotated[int, Meta(ge=0, le=2, description="0, 1 or 2.")] = 0
    retain: Annotated[bool, Meta(description="Whether the broker keeps it.")] = False


class SilenceRule(Part, frozen=True):
    """When a device that does not tell itself whether it is there counts as away."""

    after: Annotated[Duration, Meta(description="How long nothing was heard of it.")]
    reports: Annotated[
        list[str],
        Meta(description="Only devices that report one of these properties; without it: all."),
    ] = []


class Profile(Part, frozen=True):
    """One firmware, or one home-made device: its topics, keys and commands."""

    profile: Annotated[
        str,
        Meta(pattern="^[a-z0-9][a-z0-9_-]*$", description="The firmware's name in device keys."),
    ]
    description: Annotated[str, Meta(description="What it is for.")] = ""
    decoder: Annotated[
        str, Meta(description="The Python decoder, where rules alone do not reach.")
    ] = ""
    options: Annotated[dict[str, Any], Meta(description="What the decoder is told.")] = {}
    subscribe: Annotated[
        list[str], Meta(description="Topic filters; by default those of `messages`.")
    ] = []
    match: Annotated[
        list[str], Meta(description="Topic filters that give this firmware away in a scan.")
    ] = []
    device: Annotated[Template, Meta(description="The device's id where a message has none.")] = ""
    fields: Annotated[Fields, Meta(description="Keys that all messages share.")] = {}
    messages: Annotated[list[MessageRule], Meta(description="First match counts.")] = []
    commands: Annotated[list[CommandRule], Meta(description="First match counts.")] = []
    silence: Annotated[
        SilenceRule | None,
        Meta(description="When a silent device is unavailable, if it does not tell itself."),
    ] = None
