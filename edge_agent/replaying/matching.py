"""Runs of the past beside those another version would have made, firing by firing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from edge_agent.gateway.live import moment
from schemas.identity import text_id
from schemas.run import Effect, RunRecord
from schemas.shadows import Action, ShadowFiring, ShadowSide

_TOGETHER = 1.0  # seconds; deadlines and remembered values have other identities when played again

Pair = tuple[RunRecord | None, RunRecord | None]


def firings(played: Sequence[RunRecord], live: Sequence[RunRecord] | None) -> list[ShadowFiring]:
    """Each run that was played beside the live one of the same event; `live` None: not compared."""
    pairs = [(None, run) for run in played] if live is None else _pairs(played, live)
    shown = [_firing(*pair, compared=live is not None) for pair in pairs]
    return sorted(shown, key=lambda firing: firing.ts)


def _pairs(played: Sequence[RunRecord], live: Sequence[RunRecord]) -> Iterator[Pair]:
    """The same event gives the same run id; what is left is matched by trigger and time."""
    left = {run.id: run for run in live}
    unmatched = []
    for run in played:
        if (same := left.pop(run.id, None)) is not None:
            yield same, run
        else:
            unmatched.append(run)
    for run in unmatched:
        near = next((each for each in left.values() if _together(each, run)), None)
        if near is not None:
            del left[near.id]
        yield near, run
    for run in left.values():
        yield run, None


def _together(one: RunRecord, other: RunRecord) -> bool:
    same = (one.pipeline, one.trigger.get("id")) == (other.pipeline, other.trigger.get("id"))
    return same and abs(one.started - other.started) <= _TOGETHER


def _firing(live: RunRecord | None, played: RunRecord | None, *, compared: bool) -> ShadowFiring:
    run = played or live
    assert run is not None
    return ShadowFiring(
        run.pipeline,
        moment(run.started),
        "trigger",
        str(run.trigger.get("id", "")),
        _verdict(live, played) if compared else "would run",
        _side(live),
        _side(played),
    )


def _verdict(live: RunRecord | None, played: RunRecord | None) -> str:
    if live is None:
        return "new"
    if played is None:
        return "missing"
    if played.finished is None or live.finished is None:
        return "under way"
    same = live.state == played.state and _actions(live) == _actions(played)
    return "same" if same else "different"


def _side(run: RunRecord | None) -> ShadowSide | None:
    if run is None:
        return None
    return ShadowSide(text_id(run.id), run.state, run.error, _actions(run))


def _actions(run: RunRecord) -> list[Action]:
    return [Action(each.kind, each.target, _lasting(each)) for each in run.effects]


def _lasting(effect: Effect) -> Any:
    """What was sent, without the id of a sub-run."""
    payload = effect.payload
    if effect.kind == "run" and isinstance(payload, dict):
        return {name: value for name, value in payload.items() if name != "id"}
    return payload
