"""Devices that fall silent: where nobody says that one is gone, too long a silence does."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from edge_agent.devices.availability import Availability
from pipelines.ports import Clock, Handle
from schemas.device import Change
from schemas.event import Event
from schemas.identity import unique_id

_LOOK_EVERY = 10.0


class SilenceWatch:
    """Looks every ten seconds who has fallen silent, and tells it as events of their own.

    Time in which nobody could be heard is no silence: while the agent was down (`away`), while the
    broker is not connected, and what the clock skips (it was set, or the machine slept).
    """

    def __init__(
        self,
        availability: Availability,
        clock: Clock,
        tell: Callable[[Event, Sequence[Change]], None],
    ) -> None:
        self._availability = availability
        self._clock = clock
        self._tell = tell
        self._connected = False
        self._looked = clock.now()
        self._handle: Handle | None = None

    def start(self, *, away: float) -> None:
        """Begin to look; the agent was down for `away` seconds before."""
        self._availability.not_listening(max(0.0, away))
        self._plan()

    def connected(self, connected: bool) -> None:
        """The connection to the broker was made, or is gone."""
        self._account()
        self._connected = connected

    def stop(self) -> None:
        """Look no more."""
        if self._handle is not None:
            self._handle.cancel()

    def _plan(self) -> None:
        self._handle = self._clock.call_at(self._clock.now() + _LOOK_EVERY, self._look)

    def _account(self) -> None:
        """Note how much of the time since the last look nobody could be heard."""
        now = self._clock.now()
        passed, self._looked = now - self._looked, now
        listened = min(passed, 2 * _LOOK_EVERY) if self._connected else 0.0
        if passed > listened:
            self._availability.not_listening(passed - listened)

    def _look(self) -> None:
        self._account()
        if self._connected:
            now = self._clock.now()
            for change in self._availability.judge_all(now):
                self._tell(_event(change, now), [change])
        self._plan()


def _event(change: Change, now: float) -> Event:
    payload = {"available": change.value}
    return Event(unique_id(), now, now, "silence", change.key, payload)
