"""The triggers `time`, `time_pattern` and `sun`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from jinja2 import nodes

from pipelines.importers.home_assistant import state_words
from pipelines.importers.home_assistant.jinja_nodes import call
from pipelines.importers.home_assistant.jinja_text import expression_text
from pipelines.importers.home_assistant.page import Page
from pipelines.importers.home_assistant.rewriting import ENTITY
from pipelines.importers.home_assistant.unsupported import Unsupported
from pipelines.importers.home_assistant.values import is_template, items, span, spelled

Made = list[dict[str, Any]]
_CLOCK = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d))?")
_STEP = re.compile(r"/(\d+)")
_DAY = 86_400


def time(tree: Mapping[str, Any], page: Page) -> Made:
    """`time`: times of day; that of an entity is looked up again when it changes."""
    times, made = [], Made()
    for each in items(tree.get("at")):
        if isinstance(each, str) and _CLOCK.fullmatch(each.strip()):
            times.append(clock(each))
        else:
            made.append(_at_entity(each, page))
    if times:
        made.insert(0, {"at": times[0] if len(times) == 1 else times})
    if not made:
        raise Unsupported("no time is given")
    days = items(tree.get("weekday"))
    return [each | {"if": {"time": {"weekday": days}}} for each in made] if days else made


def clock(text: Any) -> str:
    """A time of day without needless zeros: `7:30:00` is `07:30`."""
    if isinstance(text, int) and not isinstance(text, bool):  # YAML 1.1 counted in sixties
        text = f"{text // 3600:02}:{text // 60 % 60:02}:{text % 60:02}"
    found = _CLOCK.fullmatch(str(text).strip())
    if found is None:
        raise Unsupported(f"`{text}` is no time of day")
    hours, minutes, rest = found.groups()
    return f"{int(hours):02}:{minutes}" + (f":{rest}" if rest not in (None, "00") else "")


def _at_entity(value: Any, page: Page) -> dict[str, Any]:
    offset = 0.0
    if isinstance(value, Mapping):
        offset, value = span(value.get("offset", 0)), value.get("entity_id")
    if is_template(value):
        return {"at": page.text(str(value))}
    if isinstance(value, int) and not isinstance(value, bool):
        return {"at": clock(value)}
    if not isinstance(value, str) or not ENTITY.fullmatch(value):
        raise Unsupported(f"`{value}` is no time of day")
    known = page.house.known(value)
    time_of = state_words.look_up(known)
    if known.domain == "sensor" or offset:  # a sensor tells a moment, not a time of day
        moment: nodes.Expr = call("as_datetime", time_of, default=None)
        text = expression_text(moment)
        later = f" + timedelta(seconds={offset:g})" if offset else ""
        return {"template": f"{{{{ {text} is not none and now() >= {text}{later} }}}}"}
    return {"at": f"{{{{ {expression_text(time_of)} }}}}"}


def time_pattern(tree: Mapping[str, Any], page: Page) -> Made:
    """`time_pattern`: a steady beat where it divides its unit, else a crontab line."""
    hours, minutes, seconds = (_pattern(tree, key) for key in ("hours", "minutes", "seconds"))
    if seconds is None:
        seconds = "0"
    elif minutes is None:
        minutes = "*"
    minutes = ("0" if hours is not None else "*") if minutes is None else minutes
    hours = "*" if hours is None else hours
    if seconds not in ("0", "*") or (seconds == "*" and minutes == "*"):
        return [{"every": _beat(seconds, minutes, hours)}]
    return [{"cron": f"{_cron(minutes)} {_cron(hours)} * * *"}]


def _pattern(tree: Mapping[str, Any], key: str) -> str | None:
    value = tree.get(key)
    if value is None:
        return None
    text = str(value).strip()
    if not (text == "*" or text.isdigit() or _STEP.fullmatch(text)):
        raise Unsupported(f"`{key}: {value}` is no pattern")
    return str(int(text)) if text.isdigit() else text


def _beat(seconds: str, minutes: str, hours: str) -> str:
    """A beat of seconds, in any minute."""
    step = _STEP.fullmatch(seconds)
    every = int(step[1]) if step else 1 if seconds == "*" else 0
    if (minutes, hours) == ("*", "*") and every and 60 % every == 0:
        return spelled(every)
    raise Unsupported("a beat of seconds that does not divide a minute")


def _cron(pattern: str) -> str:
    return f"*{pattern}" if pattern.startswith("/") else pattern


def sun(tree: Mapping[str, Any], page: Page) -> Made:
    """`sun`: sunrise or sunset, with an offset."""
    event = tree.get("event")
    if event not in ("sunrise", "sunset"):
        raise Unsupported(f"the sun does not `{event}`")
    offset = span(tree.get("offset") or 0)
    if abs(offset) >= _DAY:
        raise Unsupported("an offset of a day or more")
    if not offset:
        return [{"sun": str(event)}]
    return [{"sun": {"event": str(event), "offset": signed(offset)}}]


def signed(offset: float) -> str:
    """An offset: `-30m`, `1h`."""
    return ("-" if offset < 0 else "") + spelled(abs(offset))
