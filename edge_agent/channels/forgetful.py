"""A channel's memory for those that need none: scans, simulated devices."""

from collections.abc import Sequence


class NothingKept:
    """A ledger for those who remember no messages (`edge_agent.channels.inbox.Acknowledged`)."""

    def committed(self) -> int:
        """None."""
        return 0

    def proven(self) -> int:
        """None."""
        return 0

    def last_ids(self, number: int) -> Sequence[int]:
        """None."""
        return ()

    def prove(self, number: int) -> None:
        """Nothing is kept."""

    def last_commit(self) -> float:
        """Never."""
        return 0.0
