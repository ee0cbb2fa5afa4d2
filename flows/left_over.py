"""What the last life of the agent has left to take up."""

from __future__ import annotations

import logging
from typing import Any

from flows.clock_changes import set_back
from flows.slots import SlotStore

_log = logging.getLogger(__name__)


def last_alive(store: SlotStore) -> float:
    """When the last life is known to have lived; now, in a new home. Deadlines from a future that
    never was are moved to where they would be."""
    kept, now = store.view("engine"), store.clock.now()
    if kept.get("alive") is None:
        kept.put("alive", now)
    alive = float(kept.get("alive"))
    if back := set_back(alive, now):
        _log.warning("the clock was set back while the agent was down", extra={"by": back})
        store.move_kept(back)
        kept.put("alive", now)
    return alive


def kept_runs(store: SlotStore) -> dict[str, list[dict[str, Any]]]:
    """The runs that wait in the ledger, by pipeline."""
    found: dict[str, list[dict[str, Any]]] = {}
    for owner in store.owners("run/"):
        if kept := store.view(owner).get("state"):
            found.setdefault(kept["pipeline"], []).append(kept)
    return found


def pending(store: SlotStore) -> set[str]:
    """The pipelines that have runs in the ledger, waiting or queued."""
    queues = store.owners("queue/")
    return {*kept_runs(store), *(owner.removeprefix("queue/") for owner in queues)}


def versions_waiting(store: SlotStore) -> set[tuple[str, str]]:
    """The pipelines and versions of the runs that wait in the ledger."""
    kept = kept_runs(store).items()
    return {(name, state["version"]) for name, states in kept for state in states}
