"""Spans set right by what their words say: a time whole, a title with its first sign, what is due.

The network decides word by word, and cuts what it rarely read: `quarter to | six`. What a language
says in one piece is put together again, and what an intent cannot do without is looked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from edge_agent.intents.labels import SLOTS, Span
from edge_agent.intents.values import speech_of
from edge_agent.intents.values.durations import spoken
from edge_agent.intents.values.reading import Value
from edge_agent.intents.values.speech import Speech, named_in

_DUE = {"set_color": "color", "set_mode": "mode", "query_reading": "property"}
_PLAYING = frozenset({"media_pause", "media_next", "media_previous", "set_volume"})
_NEXT = re.compile(r"[,.;!?，。！；、]| (?:and|und|because|weil|denn) |然后|再")
"""Where another clause begins."""


def mended(text: str, intent: str, spans: Sequence[Span], language: str) -> list[Span]:
    """The spans of a sentence, completed."""
    speech = speech_of(language)
    found = [_whole(text, each, spans, speech) for each in spans]
    slots = {each.slot for each in found}
    if intent == "set_alarm" and "time" not in slots and (clock := speech.hours.search(text)):
        found.append(Span("time", *clock.span()))
    if intent in _PLAYING and not slots & {"area", "device"}:
        found += _place(text, speech)
    return found


def due(text: str, intent: str, slots: Mapping[str, Value], language: str) -> dict[str, Value]:
    """What an intent cannot do without and no span told, as far as the sentence says it."""
    speech = speech_of(language)
    if intent == "start_timer" and "duration" not in slots:
        length = spoken(speech, text)
        return {} if length is None else {"duration": length}
    slot = _DUE.get(intent, "")
    if not slot or slot in slots or slot not in SLOTS[intent]:
        return {}
    named = named_in(speech.meanings[slot], text)
    return {slot: named} if named else {}


def _whole(text: str, span: Span, spans: Sequence[Span], speech: Speech) -> Span:
    """A span with the words that belong to it and that no other span has."""
    if span.slot == "time":
        for clock in speech.hours.finditer(text):
            if clock.start() <= span.end and span.start <= clock.end():
                return span._replace(
                    start=min(span.start, clock.start()), end=max(span.end, clock.end())
                )
    if span.slot == "query" and (cut := speech.played.search(text, 0, span.start)):
        start = cut.start("cut")
        if all(each.end <= start for each in spans if each.start < span.start):
            return span._replace(start=start)
    return span


def _place(text: str, speech: Speech) -> list[Span]:
    """The room of a sentence that names one, if it is one."""
    found = [*speech.rooms.finditer(_NEXT.split(text, 1)[0])]
    return [Span("area", *found[0].span("room"))] if len(found) == 1 else []
