"""The value that the words of a slot stand for, in any language."""

from collections.abc import Callable, Mapping

from edge_agent.intents.values.chinese import chinese
from edge_agent.intents.values.durations import seconds
from edge_agent.intents.values.english import english
from edge_agent.intents.values.german import german
from edge_agent.intents.values.quantities import difference, quantity
from edge_agent.intents.values.speech import Speech, meaning, plain

Value = float | int | str
_SPEECHES: Mapping[str, Callable[[], Speech]] = {"en": english, "de": german, "zh": chinese}
_OF_OPENINGS = {"on": "open", "off": "closed"}
_KEPT = " .,!?;:\"'„“”‘’»«。,!?、，！？；：…~「」《》"


def read(slot: str, text: str, language: str) -> Value | None:
    """The value of a slot said in these words; None where they say none.

    `value` is a number: a percentage, °C (°F converted where the unit is said) or K. `change` reads
    the same words as a difference (9 °F are 5 °C), without sign. `duration` is in seconds, `time`
    `HH:MM`; colours, modes, properties and states have English names; `area` and `device` are in
    lower case without article and case ending, `all` for everywhere. Other slots keep the words.
    """
    speech = _SPEECHES[language]()
    return _READERS[slot](speech, text) if slot in _READERS else text.strip(_KEPT) or None


def speech_of(language: str) -> Speech:
    """How a language says values."""
    return _SPEECHES[language]()


def time_on(day: str, text: str, language: str) -> str | None:
    """A time of day whose half the words for the day may tell: `8`, `tomorrow night`."""
    clock = _SPEECHES[language]().clock
    return clock(f"{plain(text)} {plain(day)}") or clock(plain(text))


def state_of(thing: str, text: str, language: str) -> Value | None:
    """The state of a thing (its words, or its domain): `on` is open where it opens (开着)."""
    said = read("state", text, language)
    return _OF_OPENINGS.get(str(said), said) if _SPEECHES[language]().opens(thing) else said


def _word(slot: str) -> Callable[[Speech, str], str | None]:
    def word(speech: Speech, text: str) -> str | None:
        words = speech.meanings[slot]
        return meaning(words, text) or meaning(words, speech.core(plain(text)))

    return word


def _name(speech: Speech, text: str) -> str | None:
    said = " ".join(text.lower().split()).strip(_KEPT)
    if plain(said) in speech.everywhere:
        return "all"
    first, space, rest = said.partition(" ")
    while space and plain(first) in speech.before:
        said = rest
        first, space, rest = said.partition(" ")
    rest, space, last = said.rpartition(" ")
    while space and plain(last) in speech.after:
        said = rest
        rest, space, last = said.rpartition(" ")
    return "all" if plain(said) in speech.everywhere else speech.name(said) or None


_READERS: Mapping[str, Callable[[Speech, str], Value | None]] = {
    "value": quantity,
    "change": difference,
    "duration": seconds,
    "time": lambda speech, text: speech.clock(plain(text)),
    "day": lambda speech, text: speech.day(text.strip(_KEPT)) or None,
    "area": _name,
    "device": _name,
    **{slot: _word(slot) for slot in ("color", "mode", "property", "state")},
}
