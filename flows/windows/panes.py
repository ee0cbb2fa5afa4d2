"""Tumbling and sliding windows, made of panes: a reading is counted once, in its pane."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flows.windows.grid import Grid, back
from flows.windows.query import Query
from flows.windows.store import CROWDED, LATE, MOST_GROUPS, TAKEN, Complete, Group, States

Pane = dict[Group, States]


class Panes:
    """Every window is a number of panes (`span`; 1: tumbling) and ends where a pane does.

    Memory: one set of states for each pane and group with readings, until the last window the
    pane belongs to has ended.
    """

    def __init__(self, query: Query, grid: Grid, span: int) -> None:
        self._query = query
        self._grid = grid
        self._span = span
        self._adds = tuple(each.add for each in query.accumulators)
        self._panes: dict[int, Pane] = {}
        self._first: int | None = None
        self._closed = self._told = 0
        self._changed: set[int] = set()
        self._begin = self._end = 0
        self._pane: Pane | None = None

    def take(self, group: Group, us: int, row: tuple[Any, ...], limit: int) -> str:
        """Take a row into its pane."""
        told = TAKEN
        if self._pane is None or not self._begin <= us < self._end:
            begin = self._grid.floor(us)
            end = self._grid.after(begin)
            if end <= limit:
                told, self._closed = LATE, max(self._closed, self._grid.floor(limit))
                if begin < back(self._grid, self._grid.after(self._closed), self._span):
                    return told
            elif end <= self._closed:
                self._closed = begin  # the clock was set back: these windows come once more
            self._open(begin, end)
        elif self._end <= limit:
            self._pane = None
            return self.take(group, us, row, limit)
        pane = self._pane
        assert pane is not None
        states = pane.get(group)
        if states is None:
            if len(pane) >= MOST_GROUPS:
                return CROWDED
            states = pane[group] = self._query.start()
        for add, state in zip(self._adds, states, strict=True):
            add(state, row)
        return told

    def close(self, watermark: int) -> list[Complete]:
        """The windows that end at or before the watermark."""
        found: list[Complete] = []
        while (end := self.next_end()) is not None and end <= watermark:
            start = back(self._grid, end, self._span)
            found += self._combined(start, end)
            self._closed = end
            self._forget(self._grid.after(start))
        return found

    def next_end(self) -> int | None:
        """The end of the first window that has readings and is not complete."""
        if self._first is None:
            return None
        return self._grid.after(max(self._first, self._closed))

    def unsaved(self) -> Iterable[tuple[str, Any]]:
        """The panes that have changed, and those that are gone."""
        changed, self._changed = self._changed, set()
        self._pane = None
        if self._told != self._closed:
            self._told = self._closed
            yield "closed", self._closed
        for begin in sorted(changed):
            pane = self._panes.get(begin)
            pack = self._query.pack
            kept = pane and [[list(group), pack(states)] for group, states in pane.items()]
            yield f"pane/{begin}", kept

    def restore(self, key: str, kept: Any) -> None:
        """Take up a pane."""
        if key == "closed":
            self._closed = self._told = kept
            return
        begin = int(key.removeprefix("pane/"))
        self._panes[begin] = {tuple(group): self._query.unpack(kept) for group, kept in kept}
        self._first = min(self._panes)

    def _open(self, begin: int, end: int) -> None:
        self._begin, self._end = begin, end
        self._pane = self._panes.setdefault(begin, {})
        self._changed.add(begin)
        self._first = begin if self._first is None else min(begin, self._first)

    def _combined(self, start: int, end: int) -> list[Complete]:
        """The window's groups, each with the states of its panes merged."""
        if self._span == 1:
            pane = self._panes.get(start, {})
            return [Complete(group, start, end, states) for group, states in pane.items()]
        whole: Pane = {}
        for begin in sorted(each for each in self._panes if start <= each < end):
            for group, states in self._panes[begin].items():
                if group not in whole:
                    whole[group] = self._query.start()
                self._query.merge(whole[group], states)
        return [Complete(group, start, end, states) for group, states in whole.items()]

    def _forget(self, before: int) -> None:
        """Drop the panes no later window needs."""
        for begin in [each for each in self._panes if each < before]:
            del self._panes[begin]
            self._changed.add(begin)
        self._pane = None
        self._first = min(self._panes, default=None)
