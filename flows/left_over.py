"""What the last life of the agent has left to take up."""

from __future__ import annotations

from typing import Any

from flows.slots import SlotStore


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
