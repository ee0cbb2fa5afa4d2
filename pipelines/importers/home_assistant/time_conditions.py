"""The conditions `time` and `sun`."""

from __future__ import annotations

from typing import Any

from pipelines.importers.home_assistant import state_words
from pipelines.importers.home_assistant.jinja_text import expression_text
from pipelines.importers.home_assistant.page import Page
from pipelines.importers.home_assistant.rewriting import ENTITY
from pipelines.importers.home_assistant.time_triggers import clock, signed
from pipelines.importers.home_assistant.unsupported import Unsupported
from pipelines.importers.home_assistant.values import is_template, items, span
from pipelines.tree import Map


def time(tree: Map, page: Page) -> Any:
    """`time`: a window of the day, some weekdays."""
    fields: dict[str, Any] = {}
    for key in ("after", "before"):
        if tree.get(key) is not None:
            fields[key] = _time_of_day(tree[key], page)
    if days := [str(day).lower() for day in items(tree.get("weekday"))]:
        fields["weekday"] = days[0] if len(days) == 1 else days
    if not fields:
        raise Unsupported("no time is given")
    return {"time": fields}


def _time_of_day(value: Any, page: Page) -> str:
    if isinstance(value, str) and ENTITY.fullmatch(value) and not value[0].isdigit():
        return f"{{{{ {expression_text(state_words.look_up(page.house.known(value)))} }}}}"
    return page.text(value) if is_template(value) else clock(value)


def sun(tree: Map, page: Page) -> Any:
    """`sun`: ours has one offset for both ends, so two different ones make two conditions."""
    offsets = {key: span(tree.get(f"{key}_offset") or 0) for key in ("after", "before")}
    ends = {key: str(tree[key]) for key in ("after", "before") if tree.get(key)}
    if not ends:
        raise Unsupported("neither `after` nor `before` is given")
    if len({offsets[key] for key in ends}) == 1:
        return {"sun": ends | _offset(offsets[next(iter(ends))])}
    tests = [{"sun": {key: event} | _offset(offsets[key])} for key, event in ends.items()]
    night = ends == {"after": "sunset", "before": "sunrise"}
    return {"any" if night else "all": tests}


def _offset(offset: float) -> dict[str, str]:
    return {"offset": signed(offset)} if offset else {}
