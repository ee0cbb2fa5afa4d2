"""Words for a device or an area matched with what the home calls them.

Letter case, umlauts, spaces and hyphens do not count; endings of plural and case and one slip of
the keyboard are forgiven; a part of a name is enough where it fits one device only.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from edge_agent.intents.values.typos import one_slip

_SPELLED = str.maketrans({"ß": "ss", "ä": "ae", "ö": "oe", "ü": "ue", "’": "'"})
_ENDINGS = re.compile(r"(?:'s|ern|en|er|es|e|n|s)$")
_LATIN = re.compile(r"[a-zß-ÿ]")
_SLIPS_FROM = 5  # letters; shorter words have too many neighbours
_STEM = 3


class Known(Struct, frozen=True):
    """A device of the home: its name, its other names, where it is."""

    name: str
    aliases: Sequence[str] = ()
    area: str | None = None


class Matched(Struct, frozen=True, omit_defaults=True):
    """What the words of a sentence name in this home; `candidates` where several devices fit."""

    device: str | None = None
    area: str | None = None
    candidates: list[str] = []


def match(slots: Mapping[str, Any], devices: Iterable[Known]) -> Matched:
    """The device and the area that an intent's slots name; None where the home has none such."""
    known = list(devices)
    said = str(slots.get("area", ""))
    area = _area(said, known) if said else None
    if "device" not in slots:
        return Matched(None, area)
    found = _devices(str(slots["device"]), area or said, known)
    if len(found) == 1:
        return Matched(found[0].name, area)
    return Matched(None, area, [each.name for each in found])


def _area(said: str, known: Sequence[Known]) -> str | None:
    areas = dict.fromkeys(each.area for each in known if each.area)
    for near in _WAYS:
        found = [area for area in areas if near(_words(said), _words(area))]
        if found:
            return found[0] if len(found) == 1 else None
    return None


def _devices(said: str, area: str, known: Sequence[Known]) -> list[Known]:
    """The devices that the words fit best; of several those in the area, if there are any."""
    wanted = [_words(said), *([_words(f"{area} {said}")] if area else [])]
    for near in (*_WAYS, _part):
        found = [each for each in known if any(near(words, name) for words in wanted
                                               for name in _names(each))]  # fmt: skip
        here = [each for each in found if area and _same(_words(each.area or ""), _words(area))]
        if found:
            return here or found
    return []


def _names(device: Known) -> list[str]:
    return [_words(name) for name in (device.name, *device.aliases)]


def _words(text: str) -> str:
    """A text for comparing: lower case, umlauts written out, words divided by single spaces."""
    folded = unicodedata.normalize("NFKC", text).lower().translate(_SPELLED)
    return " ".join(re.findall(r"\w+(?:'s)?", folded.replace("_", " ")))


def _joined(words: str) -> str:
    return words.replace(" ", "")


def _stem(words: str) -> str:
    """Without the endings of plural and case, as far as that leaves a word."""
    ended = (_ENDINGS.sub("", word) for word in words.split())
    return "".join(
        stem if len(stem) >= _STEM else word
        for stem, word in zip(ended, words.split(), strict=True)
    )


def _same(said: str, name: str) -> bool:
    return _joined(said) == _joined(name)


def _inflected(said: str, name: str) -> bool:
    return _stem(said) == _stem(name)


def _slipped(said: str, name: str) -> bool:
    left, right = _joined(said), _joined(name)
    return len(left) >= _SLIPS_FROM and one_slip(left, right)


def _part(said: str, name: str) -> bool:
    """All of the said words are words of the name, or a Chinese name holds what was said."""
    wanted = {_stem(word) for word in said.split()}
    if wanted and wanted <= {_stem(word) for word in name.split()}:
        return True
    return len(said) > 1 and not _LATIN.search(said) and said in name


_WAYS: Sequence[Callable[[str, str], bool]] = (_same, _inflected, _slipped)
