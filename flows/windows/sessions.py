"""Session windows: readings that follow one another closely, until there is a gap."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from flows.windows.query import Query
from flows.windows.store import CROWDED, LATE, MOST_GROUPS, TAKEN, Complete, Group, States


class Session:
    """One session that is open; `first` and `last` are the times of its readings."""

    __slots__ = ("first", "last", "states")

    def __init__(self, first: int, last: int, states: States) -> None:
        self.first = first
        self.last = last
        self.states = states


class Sessions:
    """Sessions by group; a reading that closes the gap between two makes them one.

    Memory: one set of states for each open session.
    """

    def __init__(self, query: Query, gap: int) -> None:
        self._query = query
        self._gap = gap
        self._adds = tuple(each.add for each in query.accumulators)
        self._open: dict[Group, list[Session]] = {}
        self._changed: set[Group] = set()
        self._next: int | None = None

    def take(self, group: Group, us: int, row: tuple[Any, ...], limit: int) -> str:
        """Take a row into the session around its time, or begin one."""
        sessions = self._open.get(group, [])
        near = [each for each in sessions if each.first - self._gap < us < each.last + self._gap]
        if not near and us + self._gap <= limit:
            return LATE
        if not sessions and len(self._open) >= MOST_GROUPS:
            return CROWDED
        session = self._joined(near) if near else Session(us, us, self._query.start())
        session.first, session.last = min(session.first, us), max(session.last, us)
        for add, state in zip(self._adds, session.states, strict=True):
            add(state, row)
        self._open[group] = [*(each for each in sessions if each not in near), session]
        self._changed.add(group)
        ends = session.last + self._gap
        self._next = ends if self._next is None else min(self._next, ends)
        return TAKEN

    def close(self, watermark: int) -> list[Complete]:
        """The sessions whose gap has passed; `end` is the time of the last reading."""
        found = [
            Complete(group, each.first, each.last, each.states)
            for group, sessions in self._open.items()
            for each in sessions
            if each.last + self._gap <= watermark
        ]
        for complete in found:
            left = [s for s in self._open[complete.group] if s.states is not complete.states]
            self._open[complete.group] = left
            self._changed.add(complete.group)
            if not left:
                del self._open[complete.group]
        every = (each.last for sessions in self._open.values() for each in sessions)
        last = min(every, default=None)
        self._next = None if last is None else last + self._gap
        return sorted(found, key=lambda each: each.end)

    def next_end(self) -> int | None:
        """When the next session can be over; it may prove to last longer."""
        return self._next

    def unsaved(self) -> Iterable[tuple[str, Any]]:
        """The groups whose sessions have changed."""
        changed, self._changed = self._changed, set()
        pack = self._query.pack
        for group in changed:
            sessions = self._open.get(group)
            kept: Any = None
            if sessions is not None:
                kept = [[each.first, each.last, pack(each.states)] for each in sessions]
            yield f"session/{json.dumps(group)}", kept

    def restore(self, key: str, kept: Any) -> None:
        """Take up the sessions of a group."""
        group = tuple(json.loads(key.removeprefix("session/")))
        sessions = [Session(first, last, self._query.unpack(s)) for first, last, s in kept]
        self._open[group] = sessions
        ends = [each.last + self._gap for each in sessions]
        self._next = min([*ends, *([] if self._next is None else [self._next])])

    def _joined(self, near: list[Session]) -> Session:
        session = min(near, key=lambda each: each.first)
        for other in near:
            if other is session:
                continue
            self._query.merge(session.states, other.states)
            session.last = max(session.last, other.last)
        return session
