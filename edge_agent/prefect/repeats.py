"""A run that is asked for again in Prefect, with "Retry": repeated with what had started it."""

from __future__ import annotations

from msgspec.structs import replace

from edge_agent.ledger.records import Entry
from firmware_profiles.payloads import parse
from flows.prefect.history import ATTEMPT, CARRIED, CLAIMED
from pipelines.scope import Scope

_OF_AN_ATTEMPT = (CLAIMED, CARRIED, ATTEMPT)


def repeat(scope: Scope, earlier: Entry) -> None:
    """Give a run the event and the trigger that it had; while the ledger keeps the event."""
    if earlier.run is not None:
        told = earlier.run.trigger.items()
        scope.trigger |= {name: value for name, value in told if name not in _OF_AN_ATTEMPT}
    event = earlier.event
    if event is None:
        return
    raw = event.raw or (event.payload or "").encode()
    payload = None if event.payload is None and not event.raw else parse(raw)
    scope.event = replace(event, payload=payload, raw=raw)
    scope.trigger |= {"payload": payload, "raw": raw, "ts": event.ts}
    if event.channel == "mqtt":
        scope.trigger["topic"] = event.source
