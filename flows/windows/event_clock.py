"""How far the stream has come: event time, which goes on with the clock when nothing arrives."""

from __future__ import annotations

from typing import Any

_SET_BACK = 1_000_000


class EventClock:
    """The newest reading's time, and when it arrived; everything in microseconds.

    The watermark is the newest time less the lateness: what is older has come too late. Between
    readings event time goes on as fast as the clock, so that sources whose readings are always
    ten seconds old are waited for ten seconds longer.
    """

    __slots__ = ("lateness", "newest", "received")

    def __init__(self, lateness: int) -> None:
        self.lateness = lateness
        self.newest = self.received = 0

    def saw(self, us: int, received: int) -> bool:
        """A reading of this time has arrived; True when the clock was set back before it.

        A reading without a time of its own tells that.
        """
        back = us == received and received < self.received - _SET_BACK
        if back or us >= self.newest:
            self.newest, self.received = us, received
        return back

    @property
    def watermark(self) -> int:
        """Windows that end here or before are complete, whatever the clock says."""
        return self.newest - self.lateness

    def watermark_at(self, now: int) -> int:
        """The watermark when nothing has arrived until now."""
        return self.watermark + max(0, now - self.received)

    def due(self, end: int) -> int:
        """When the clock alone completes a window that ends there."""
        return self.received + max(0, end - self.watermark)

    def kept(self) -> Any:
        """What a restart needs."""
        return [self.newest, self.received]

    def restore(self, kept: Any) -> None:
        """Go on from there."""
        self.newest, self.received = kept
