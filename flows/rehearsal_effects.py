"""Effects in a rehearsal: what happened, what was expected, and how far the two agree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

import msgspec
from msgspec import Struct

from flows.wire import to_wire
from pipelines.rehearsal import Wanted
from pipelines.step import StepFailed
from schemas.fields import seconds
from schemas.run import Effect, RunRecord

FREE = frozenset({"run", "remember"})
"""The kinds that may be expected, but need not be."""

_SENT_AS_IT_IS = frozenset({"publish", "emit"})
_NEAR = 0.35


class Happened(Struct, frozen=True):
    """One effect of a run; `ts` in epoch seconds, `run` its id."""

    kind: str
    target: str
    fields: dict[str, Any]
    ts: float
    run: int


class Pair(Struct, frozen=True):
    """An expected effect beside the one that came nearest to it, or beside none, or the reverse."""

    wanted: Wanted | None
    happened: Happened | None


def effects_of(record: RunRecord, since: int, sent: Sequence[dict[str, Any]]) -> Iterator[Happened]:
    """The effects of a run from the `since`-th on; `sent` tells how its messages went out."""
    published = sum(effect.kind == "publish" for effect in record.effects[:since])
    for effect in record.effects[since:]:
        more = {}
        if effect.kind == "publish":
            more = sent[published] if published < len(sent) else {}
            published += 1
        yield Happened(effect.kind, effect.target, _fields(effect) | more, effect.ts, record.id)


def end_of(record: RunRecord) -> Happened:
    """A finished run as something to expect."""
    fields = {"state": record.state, "error": record.error, "inputs": record.inputs}
    ended = record.started if record.finished is None else record.finished
    return Happened("run", record.pipeline, fields, ended, record.id)


def _fields(effect: Effect) -> dict[str, Any]:
    if effect.kind == "remember":
        return {"value": effect.payload}
    if effect.kind in _SENT_AS_IT_IS or not isinstance(effect.payload, Mapping):
        return {"payload": effect.payload}
    return dict(effect.payload)


def compared(
    wanted: Sequence[Wanted], happened: Sequence[Happened]
) -> tuple[list[Wanted], list[Happened]]:
    """What was expected and did not come, and what came and was not expected."""
    left, missing = list(happened), []
    for each in sorted(wanted, key=lambda each: -len(each.fields)):  # the strictest choose first
        found = next((effect for effect in left if is_met(each, effect)), None)
        if found is None:
            missing.append(each)
        else:
            left.remove(found)
    return missing, left


def paired(missing: Sequence[Wanted], surplus: Sequence[Happened]) -> list[Pair]:
    """What is missing beside what is likest to it among the rest, nearest first."""
    ranked = sorted(
        ((likeness(w, h), i, j) for i, w in enumerate(missing) for j, h in enumerate(surplus)),
        key=lambda each: -each[0],
    )
    taken_w, taken_h, pairs = set[int](), set[int](), []
    for score, i, j in ranked:
        if score >= _NEAR and i not in taken_w and j not in taken_h:
            taken_w.add(i)
            taken_h.add(j)
            pairs.append(Pair(missing[i], surplus[j]))
    pairs += [Pair(each, None) for i, each in enumerate(missing) if i not in taken_w]
    strange = [h for j, h in enumerate(surplus) if j not in taken_h and h.kind not in FREE]
    return pairs + [Pair(None, each) for each in strange]


def likeness(wanted: Wanted, happened: Happened) -> float:
    """From 0 (nothing in common) to 1 (the same)."""
    if wanted.kind != happened.kind:
        return 0.0
    names = SequenceMatcher(None, wanted.target, happened.target).ratio()
    if not wanted.fields:
        return names
    equal = sum(_agree(wanted.kind, happened, key, v) for key, v in wanted.fields.items())
    return 0.6 * names + 0.4 * equal / len(wanted.fields)


def is_met(wanted: Wanted, happened: Happened) -> bool:
    """Whether an effect is the expected one, in all that the test says of it."""
    return (
        wanted.kind == happened.kind
        and wanted.target == happened.target
        and not differing(wanted, happened)
    )


def differing(wanted: Wanted, happened: Happened) -> list[str]:
    """The fields of the expected effect that are otherwise in the one that came."""
    return [
        key for key, value in wanted.fields.items() if not _agree(wanted.kind, happened, key, value)
    ]


def _agree(kind: str, happened: Happened, key: str, value: Any) -> bool:
    found = happened.fields.get(key)
    if key == "transition":
        value = _seconds(value)
    if kind == "publish" and key == "payload":
        return same(on_the_wire(value), on_the_wire(found))
    if key == "instance" and value is not None:
        value = str(value)
    return same(value, found)


def same(one: Any, other: Any) -> bool:
    """Equality as JSON has it: true is not 1, 1.0 is 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(v, other[k]) for k, v in one.items())
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def on_the_wire(payload: Any) -> Any:
    """A payload as its receiver reads it: JSON where it parses, else text."""
    try:
        raw = to_wire(payload)
    except StepFailed:
        return payload
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return raw


def _seconds(value: Any) -> Any:
    try:
        return seconds(value)
    except ValueError:
        return value
