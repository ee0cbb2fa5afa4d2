"""Which windows there are: `size`, `slide`, `gap` and `lateness` checked, and made when armed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from zoneinfo import ZoneInfo

from msgspec import Struct

from flows.windows.event_clock import EventClock
from flows.windows.grid import grid
from flows.windows.panes import Panes
from flows.windows.query import Query
from flows.windows.sessions import Sessions
from flows.windows.store import Store
from pipelines.scope import Constant, Expr, Scope
from pipelines.step import StepFailed
from pipelines.tools import Tools

log = logging.getLogger(__name__)

_SHORTEST = 0.1
_MOST_PANES = 3_600

Make = Callable[[Scope, Query], "tuple[Store, EventClock] | None"]
"""What keeps the windows and their time; None (and a line in the log) when it cannot be."""


class Spans(Struct, frozen=True):
    """The times of a window in seconds, None where not given."""

    size: float | None
    slide: float | None
    gap: float | None
    lateness: float

    def mistake(self) -> tuple[str, str, str] | None:
        """What is wrong: the field, the text, the hint."""
        for name in ("size", "slide", "gap"):
            value = getattr(self, name)
            if value is not None and value < _SHORTEST:
                return name, f"`{name}` must be at least {_SHORTEST:g} s", ""
        size, slide = self.size, self.slide
        if size is None or slide is None:
            return None
        if slide > size or abs(size / slide - round(size / slide)) > 1e-9:
            fits = [f"`{size / n:g}s`" for n in (2, 3, 4, 5, 6)]
            return "slide", "`size` must be a multiple of `slide`", f"for example {fits[0]}"
        if size / slide > _MOST_PANES:
            least = f"`{size / _MOST_PANES:g}s`"
            return "slide", f"`slide` is more than {_MOST_PANES} times in `size`", f"from {least}"
        return None


def shape(fields: dict[str, Expr | None], tools: Tools) -> Make:
    """Check what can be checked now; the rest is checked when the trigger is armed."""
    if fields["gap"] is not None and fields["size"] is not None:
        tools.problem("`gap` (a session) and `size` exclude each other", "gap")
    elif fields["gap"] is None and fields["size"] is None:
        hint = "`size: 10m` for windows of ten minutes, `gap: 10m` for sessions"
        tools.problem("a window needs `size` or `gap`", "", hint)
    elif fields["slide"] is not None and fields["size"] is None:
        tools.problem("`slide` belongs to `size`", "slide")
    elif all(field is None or isinstance(field, Constant) for field in fields.values()):
        wrong = _spans(fields, None).mistake()
        if wrong is not None:
            tools.problem(wrong[1], wrong[0], wrong[2])
    zone, path = ZoneInfo(tools.ports.home.time_zone), tools.path

    def make(scope: Scope, query: Query) -> tuple[Store, EventClock] | None:
        try:
            spans = _spans(fields, scope)
            wrong = spans.mistake()
            reason = wrong[1] if wrong else ""
        except StepFailed as error:
            reason = str(error)
        if reason:
            log.warning("a window cannot be opened", extra={"window": path, "reason": reason})
            return None
        return _store(spans, query, zone), EventClock(round(spans.lateness * 1e6))

    return make


def _spans(fields: dict[str, Expr | None], scope: Scope | None) -> Spans:
    found = {
        name: None if field is None else float(field(scope))  # type: ignore[arg-type]
        for name, field in fields.items()
    }
    return Spans(found["size"], found["slide"], found["gap"], found["lateness"] or 0.0)


def _store(spans: Spans, query: Query, zone: ZoneInfo) -> Store:
    if spans.gap is not None:
        return Sessions(query, round(spans.gap * 1e6))
    size = spans.size or 0.0
    step = size if spans.slide is None else spans.slide
    return Panes(query, grid(round(step * 1e6), zone), round(size / step))
