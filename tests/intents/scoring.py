"""How well a driver understands a set of sentences; sentences themselves are never printed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from edge_agent.intents.labels import LANGUAGES
from schemas.intent import Understood

SETS = Path(__file__).parent / "sets"
_LOWER = ("area", "device")


class Sentence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A sentence and what it asks for."""

    text: str
    language: str
    intent: str
    slots: dict[str, Any]
    more: bool = False


class Score(msgspec.Struct, frozen=True):
    """Shares of the sentences of one language.

    `intent` is of all of them; `slots` of those that ask for something: intent and every slot are
    right; `acted` of those that ask for nothing: an action was answered.
    """

    language: str
    sentences: int
    intent: float
    slots: float
    more: float
    language_right: float
    nothing: int
    acted: float


def sentences(pattern: str) -> list[Sentence]:
    """The sentences of the sets whose names match."""
    return [
        msgspec.json.decode(line, type=Sentence)
        for path in sorted(SETS.glob(pattern))
        for line in path.read_bytes().splitlines()
    ]


def exact(wanted: Sentence, got: Understood) -> bool:
    """Whether the intent and every slot are as wanted."""
    return got.intent == wanted.intent and not wrong_slots(wanted, got)


def wrong_slots(wanted: Sentence, got: Understood) -> set[str]:
    """The slots that are missing, wrong, or were not said; `domain` is free beside a `device`."""
    left, right = _lowered(wanted.slots), _lowered(got.slots)
    if "device" in left and "device" in right:
        left.pop("domain", None)
        right.pop("domain", None)
    return {
        name for name in left.keys() | right.keys() if not _same(left.get(name), right.get(name))
    }


def scores(pairs: list[tuple[Sentence, Understood]]) -> Iterator[Score]:
    """The score of each language."""
    for language in LANGUAGES:
        chosen = [(wanted, got) for wanted, got in pairs if wanted.language == language]
        asked = [(wanted, got) for wanted, got in chosen if wanted.intent != "none"]
        idle = [got for wanted, got in chosen if wanted.intent == "none"]
        yield Score(
            language,
            len(chosen),
            _share([wanted.intent == got.intent for wanted, got in chosen]),
            _share([exact(wanted, got) for wanted, got in asked]),
            _share([wanted.more == got.more for wanted, got in asked]),
            _share([got.language == language for _, got in chosen]),
            len(idle),
            _share([got.intent != "none" for got in idle]),
        )


def confused(pairs: list[tuple[Sentence, Understood]]) -> Mapping[str, int]:
    """Which intents were taken for which, and which slots were wrong where the intent was right."""
    found: Counter[str] = Counter()
    for wanted, got in pairs:
        if wanted.intent != got.intent:
            found[f"{wanted.language}: {wanted.intent} taken for {got.intent}"] += 1
        else:
            for name in wrong_slots(wanted, got):
                found[f"{wanted.language}: {name} of {wanted.intent}"] += 1
    return dict(found.most_common())


def _lowered(slots: Mapping[str, Any]) -> dict[str, Any]:
    return {name: str(v).lower() if name in _LOWER else v for name, v in slots.items()}


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, int | float) and isinstance(right, int | float):
        return abs(left - right) < 0.006
    return bool(left == right)


def _share(right: list[bool]) -> float:
    return round(sum(right) / len(right), 4) if right else 1.0
