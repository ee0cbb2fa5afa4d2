"""How a home was at a time, asked of its ledger."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edge_agent.ledger.chronicle import Kind
from edge_agent.ledger.ledger import Ledger
from edge_agent.replaying.home import Beginning
from pipelines.ports import Home
from pipelines.settings import load_devices


async def beginning(
    ledger: Ledger, folder: Path, home: Home, at: float, kinds: Sequence[Kind]
) -> Beginning:
    """The home that lies in a folder as it was at a time (epoch seconds)."""
    names = {key: name for kind in kinds for key, name in kind.names.items()}
    return Beginning(
        at,
        home,
        load_devices(folder)[0],
        ledger.devices(),
        await ledger.chronicle.state(at),
        await ledger.chronicle.memory(at, ledger.memory()),
        names,
    )
