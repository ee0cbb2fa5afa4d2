"""The labels of the intent model, and the sentence that carries them."""

from typing import NamedTuple

LANGUAGES = ("en", "de", "zh")
INTENTS = (
    "none",
    "turn_on",
    "turn_off",
    "toggle",
    "set_brightness",
    "set_color",
    "set_color_temp",
    "open",
    "close",
    "stop",
    "set_position",
    "set_temperature",
    "set_mode",
    "lock",
    "unlock",
    "media_play",
    "media_pause",
    "media_next",
    "media_previous",
    "set_volume",
    "activate_scene",
    "start_timer",
    "cancel_timer",
    "query_timer",
    "set_alarm",
    "query_state",
    "query_reading",
    "start",
)
DOMAINS = (
    "",
    "light",
    "switch",
    "cover",
    "climate",
    "lock",
    "media",
    "fan",
    "vacuum",
    "valve",
    "camera",
    "sensor",
    "alarm",
)
CHANGES = ("", "up", "down")
SPANS = (
    "device",
    "area",
    "value",
    "color",
    "mode",
    "duration",
    "time",
    "day",
    "name",
    "scene",
    "query",
    "property",
    "state",
)

_THING = frozenset({"device", "area"})
SLOTS = {
    "none": frozenset[str](),
    **dict.fromkeys(INTENTS[1:], _THING),
    **dict.fromkeys(
        ("set_brightness", "set_color_temp", "set_position", "set_temperature", "set_volume"),
        _THING | {"value"},
    ),
    "set_color": _THING | {"color"},
    "set_mode": _THING | {"mode"},
    "media_play": _THING | {"query"},
    "activate_scene": _THING | {"scene"},
    "start_timer": frozenset({"duration", "name"}),
    "cancel_timer": frozenset({"duration", "name"}),
    "query_timer": frozenset({"duration", "name"}),
    "set_alarm": frozenset({"time", "day", "name"}),
    "query_state": _THING | {"state"},
    "query_reading": _THING | {"property"},
}
"""The spans that may fill a slot of each intent."""


class Span(NamedTuple):
    """Words of a sentence that fill a slot: characters from start to end."""

    slot: str
    start: int
    end: int


class Example(NamedTuple):
    """A labelled sentence.

    `spans` are (name, start, end) in characters of `text`, in order, none over another, and of the
    first command only. `domain` and `change` are "" when the sentence says none.
    """

    text: str
    language: str
    intent: str
    domain: str = ""
    change: str = ""
    more: bool = False
    spans: tuple[tuple[str, int, int], ...] = ()
