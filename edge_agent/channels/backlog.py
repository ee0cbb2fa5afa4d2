"""How old a message may be: a returning session brings what the broker kept meanwhile."""

import contextlib
import os
from pathlib import Path

LONGEST = 60.0
NOTE_EVERY = 10.0


class Backlog:
    """Bounds the age of incoming messages; all times are epoch seconds.

    `waiting` says whether messages of the past may still come.

    After a reconnect with a session the channel publishes a marker to a topic of its own at
    QoS 1. The broker queues it behind everything it kept, so until the marker comes back a QoS 1
    or 2 message may be as old as the last commit while connected (or the last moment when all was
    acknowledged, if that is later), and afterwards none is. QoS 0 messages are not queued behind
    them: these are fresh after one round trip. If no marker comes (a broker may forbid it), the
    backlog ends with a second of silence, or after a minute.
    """

    def __init__(self, last_commit: float, note: Path) -> None:
        self.waiting = False
        self._note = note
        self._last_commit = max(last_commit, _noted(note))
        self._since: float | None = None
        self._zero_since: float | None = None
        self._heard = False
        self._began = 0.0
        self._noted_at = 0.0
        self._marker = b""

    def began(self, now: float) -> bytes:
        """A session has returned; the marker to publish."""
        self._since = self._zero_since = self._last_commit
        self.waiting = self._heard = True
        self._began = now
        self._marker = os.urandom(8).hex().encode()
        return self._marker

    def committed(self, now: float) -> None:
        """All that arrived until now is durable."""
        self._last_commit = max(self._last_commit, now)

    def up_to_date(self, heard: float) -> None:
        """All was acknowledged when the broker was last heard; noted every few seconds, as a
        file's time, for the next process.
        """
        if self.waiting:
            return
        self.committed(heard)
        if heard - self._noted_at > NOTE_EVERY:
            self._noted_at = heard
            with contextlib.suppress(OSError):
                self._note.touch()
                os.utime(self._note, (heard, heard))

    def age(self, qos: int, now: float) -> float:
        """The most seconds a message that arrives now can have waited."""
        since = self._since if qos else self._zero_since
        if since is None:
            return 0.0
        self._heard = True
        return max(now - since, 0.0)

    def came_back(self, marker: bytes) -> None:
        """A marker has arrived at QoS 1; old ones mean nothing."""
        if marker == self._marker:
            self._end()

    def round_trip(self) -> None:
        """The broker has answered something that was sent after the session returned."""
        self._zero_since = None
        self.waiting = self._since is not None

    def second_passed(self, now: float) -> None:
        """Call every second in which the broker did not wait for us."""
        if not self._heard or now - self._began > LONGEST:
            self._end()
        self._heard = False

    def _end(self) -> None:
        self._since = None
        self.waiting = self._zero_since is not None


def _noted(note: Path) -> float:
    try:
        return note.stat().st_mtime
    except OSError:
        return 0.0
