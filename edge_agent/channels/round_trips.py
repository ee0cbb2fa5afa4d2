"""Round trips to the broker, and what they prove: what was sent before has arrived."""

import asyncio
import contextlib

from edge_agent.channels.inbox import Inbox
from edge_agent.channels.mqtt_client import FastClient
from edge_agent.channels.outgoing import Outgoing

FAREWELL = 1.0


class RoundTrips:
    """Pings and their answers: letters before a ping have arrived with its answer, and the
    acknowledgements before it were read. One is under way at a time."""

    def __init__(self, client: FastClient, outgoing: Outgoing, inbox: Inbox) -> None:
        self._client, self._outgoing, self._inbox = client, outgoing, inbox
        self._acknowledged: int | None = None
        self._over = asyncio.Event()

    def begin(self) -> None:
        """Send a ping."""
        reader = self._client.reader
        self._acknowledged = reader.arrived - reader.unacknowledged
        self._client.ping()

    def begin_if_needed(self) -> None:
        """Send a ping where something waits for a proof, unless one is under way."""
        if self._acknowledged is None and (self._outgoing.ask() or self._inbox.unproven):
            self.begin()

    def answered(self) -> None:
        """The answer to a ping came."""
        if self._acknowledged is not None:
            self._outgoing.proven()
            self._inbox.prove(self._acknowledged)
            self._acknowledged = None
        self._over.set()

    def lost(self) -> None:
        """The connection is gone: no answer will come."""
        self._acknowledged = None

    async def all_proven(self) -> None:
        """Wait a moment for the broker's word on what was sent, letters and acknowledgements:
        what is unproven would be sent again.

        A round trip may be under way that began before the last letters, hence two.
        """
        for _ in range(2):
            if self._outgoing.idle and not self._inbox.unproven:
                return
            self._over.clear()
            if self._acknowledged is None:
                self._outgoing.ask()
                self.begin()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), FAREWELL)
