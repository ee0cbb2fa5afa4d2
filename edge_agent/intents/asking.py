"""Sentences understood in this process, as `hearth ask` does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from edge_agent.intents import rules
from edge_agent.intents.labels import LANGUAGES
from edge_agent.intents.shipped import library_of, runs_here
from edge_agent.models.driver import Place
from schemas.intent import Understood

Understand = Callable[[str, str], Understood]


def understanding(place: Place) -> Understand:
    """What understands a text in a language ("": not known): the network, else the rules.

    Raises:
        ModelError: the network's library is damaged.
    """
    if not runs_here(place):
        return rules.understand
    from edge_agent.intents.network import Network
    from edge_agent.models.runtime.library import load_runtime

    load_runtime()
    return Network(library_of(place)).understand


def answer(line: Mapping[str, Any], understand: Understand) -> dict[str, Any]:
    """The answer to one line: `{text, language}` to `{intent, confidence, slots, language}`.

    Raises:
        LookupError: the line asks for nothing that can be answered; the text says why.
    """
    text, language = line.get("text"), line.get("language") or ""
    if not isinstance(text, str):
        raise LookupError("the line needs a `text`")
    if language and language not in LANGUAGES:
        raise LookupError(f"`language` is one of {', '.join(LANGUAGES)}, not {language!r}")
    found = understand(text, language)
    told: dict[str, Any] = {
        "intent": found.intent,
        "confidence": found.confidence,
        "slots": found.slots,
        "language": found.language,
    }
    return {**told, "more": True} if found.more else told
