"""How a language says values: the words of its YAML file, and two functions of its own."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct

from edge_agent.intents.files import read_file
from edge_agent.intents.values.typos import closest

FOLDER = Path(__file__).parent
_AROUND = " .,!?;:\"'。、"
_VULGAR = re.compile("[½⅓⅔¼¾]")
_FRACTION = re.compile(r"(?:\b(?P<whole>\d+) +)?\b(?P<over>[1-3])[⁄/](?P<under>[2-4])\b")
_SHARP = str.maketrans({"ß": "ss", "ä": "ae", "ö": "oe", "ü": "ue", "’": "'", "‑": "-"})


NEVER = re.compile(r"(?!)")


def _never(_: str) -> bool:
    return False


class Words(Struct, frozen=True, forbid_unknown_fields=True):
    """The words of a language by what they mean; everything is compared by `plain`.

    `slots` names colours, modes, properties and states in English; `units` are s, min, h, day, %,
    celsius, fahrenheit, kelvin; `shares` are percentages that have a word (`half`: 50);
    `everywhere` stands for the whole house; `before` and `after` are words that may stand around a
    name and are no part of it; `rooms` are places that most homes have.
    """

    slots: dict[str, dict[str, list[str]]]
    units: dict[str, list[str]]
    shares: dict[str, list[str]]
    everywhere: list[str]
    before: list[str] = []
    after: list[str] = []
    rooms: list[str] = []


class Speech(Struct, frozen=True):
    """A language: its words, and how it says numbers and times.

    `figures` rewrites every number said in words in figures (`one and a half hours` -> `1.5
    hours`); `clock` reads a time of day as `HH:MM`; `share` finds a word of `shares`; `name` takes
    the case ending off a name that is already without article; `core` takes off a word of a slot
    what adds no meaning; `opens` tells things whose open and closed are said with the words for on
    and off; `day` takes off a day what belongs to the time of day. `hours` finds times of day that
    take several words, `rooms` a `room` as it is said for a place, `played` what stands between the
    verb and a title (`cut`: the title's own beginning).
    """

    figures: Callable[[str], str]
    clock: Callable[[str], str | None]
    meanings: Mapping[str, Mapping[str, str]]
    units: Mapping[str, str]
    shares: Mapping[str, float]
    share: re.Pattern[str]
    everywhere: frozenset[str]
    before: frozenset[str]
    after: frozenset[str]
    rooms: re.Pattern[str]
    hours: re.Pattern[str] = NEVER
    played: re.Pattern[str] = NEVER
    name: Callable[[str], str] = str
    core: Callable[[str], str] = str
    opens: Callable[[str], bool] = _never
    day: Callable[[str], str] = str


def speech(
    language: str,
    figures: Callable[[str], str],
    *,
    clock: Callable[[str], str | None],
    name: Callable[[str], str] = str,
    core: Callable[[str], str] = str,
    opens: Callable[[str], bool] = _never,
    day: Callable[[str], str] = str,
    within: str,
    hours: re.Pattern[str] = NEVER,
    played: re.Pattern[str] = NEVER,
) -> Speech:
    """A language from its functions and its file `LANGUAGE.yaml`.

    Raises:
        ValueError: the file is wrong; the text says where.
    """
    words = read_file(FOLDER / f"{language}.yaml", Words)
    shares = {word: float(share) for word, share in _by_word(words.shares).items()}
    longest_first = sorted(shares, key=len, reverse=True)
    return Speech(
        figures,
        clock,
        {slot: _by_word(meanings) for slot, meanings in words.slots.items()},
        _by_word(words.units),
        shares,
        re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)"),
        frozenset(map(plain, words.everywhere)),
        frozenset(map(plain, words.before)),
        frozenset(map(plain, words.after)),
        re.compile(within.format(room="|".join(words.rooms)), re.IGNORECASE),
        hours,
        played,
        name,
        core,
        opens,
        day,
    )


def plain(text: str) -> str:
    """A text for comparing: lower case, umlauts written out, single spaces, no punctuation around.

    Full-width letters and digits become ordinary ones, fractions in figures decimal.
    """
    spaced = _VULGAR.sub(r" \g<0>", text)  # 1½ would become 11/2
    folded = unicodedata.normalize("NFKC", spaced).lower().translate(_SHARP)
    folded = _FRACTION.sub(_decimal, folded)
    return " ".join(folded.split()).strip(_AROUND)


def _decimal(found: re.Match[str]) -> str:
    return f"{int(found['whole'] or 0) + int(found['over']) / int(found['under']):.10g}"


def meaning(words: Mapping[str, str], text: str) -> str | None:
    """What a word stands for; a typing mistake is forgiven where only one word is near."""
    word = plain(text)
    found = word if word in words else closest(word, words)
    return words[found] if found else None


def named_in(words: Mapping[str, str], text: str) -> str | None:
    """What the words of a sentence that mean something stand for; None where they differ."""
    said, found = plain(text), set[str]()
    for word in sorted(words, key=len, reverse=True):
        if _stands(word, said):
            found.add(words[word])
            said = said.replace(word, " ")
    return found.pop() if len(found) == 1 else None


def _stands(word: str, said: str) -> bool:
    if not word.isascii():
        return word in said
    return re.search(rf"(?<![a-z0-9]){re.escape(word)}(?![a-z0-9])", said) is not None


def _by_word(meanings: Mapping[str, list[str]]) -> dict[str, str]:
    return {plain(word): name for name, words in meanings.items() for word in [name, *words]}
