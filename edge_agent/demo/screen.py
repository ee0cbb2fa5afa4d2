"""What the demo shows: what devices report, which pipelines ran, what they did."""

import sys
import time
from collections import deque
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from edge_agent.demo.page import page

KINDS = ("reading", "run", "effect")
NOISE = {"linkquality", "device_temperature", "voltage", "current", "formaldehyd", "voc"}
REDRAW_SECONDS = 0.2
STYLES = {"completed": "green", "failed": "bold red", "cancelled": "yellow"}
MARKS = {"completed": "✓", "failed": "✗", "cancelled": "-"}

Happening = tuple[str, Mapping[str, Any]]
"""A kind and its data, as `/api/v1/events` sends them."""


class Screen(Protocol):
    """Somewhere to show what happens."""

    def show(self, kind: str, line: Text) -> None:
        """One more thing happened."""


def watch(happenings: Iterable[Happening], screen: Screen, zone: ZoneInfo) -> None:
    """Show what happens until it ends."""
    for kind, data in happenings:
        line = described(kind, data, zone)
        if line is not None:
            screen.show(kind, line)


def described(kind: str, data: Mapping[str, Any], zone: ZoneInfo) -> Text | None:
    """One thing that happened as a line; None for what would only fill the screen."""
    if kind == "reading" and not _tells_something(data):
        return None
    if kind == "reading":
        return _reading(data, zone)
    if kind == "run" and data.get("finished"):
        return _run(data, zone)
    return _effect(data, zone) if kind == "effect" else None


class Plain:
    """Lines, for a pipe or a file."""

    def __init__(self, head: str, tail: str) -> None:
        self._head = f"{head}\n\nTry this in another terminal:\n{tail}\n\n"

    def __enter__(self) -> "Plain":
        """Begin with what runs where."""
        sys.stdout.write(self._head)
        sys.stdout.flush()
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to give back."""

    def show(self, kind: str, line: Text) -> None:
        """Print it."""
        sys.stdout.write(f"{kind:8} {line.plain}\n")
        sys.stdout.flush()


class Drawn:
    """The terminal, redrawn a few times a second."""

    def __init__(self, head: str, tail: str) -> None:
        self._console = Console()
        self._seen: deque[Text] = deque(maxlen=200)
        self._done: deque[Text] = deque(maxlen=200)
        self._head, self._tail = head, tail
        self._live = Live(console=self._console, screen=True, auto_refresh=False)
        self._drawn = 0.0

    def __enter__(self) -> "Drawn":
        """Take over the terminal."""
        self._live.start()
        self._live.update(self._page(), refresh=True)
        return self

    def __exit__(self, *_: object) -> None:
        """Give the terminal back."""
        self._live.stop()

    def show(self, kind: str, line: Text) -> None:
        """Put it on its side of the screen."""
        (self._seen if kind == "reading" else self._done).append(line)
        if time.monotonic() - self._drawn > REDRAW_SECONDS:
            self._drawn = time.monotonic()
            self._live.update(self._page(), refresh=True)

    def _page(self) -> RenderableType:
        width, height = self._console.size
        lines = list(self._seen), list(self._done)
        return page(self._head, self._tail, *lines, width=width, height=height)


def make_screen(head: str, tail: str) -> "Drawn | Plain":
    """The screen that fits where the output goes."""
    return Drawn(head, tail) if sys.stdout.isatty() else Plain(head, tail)


def _tells_something(data: Mapping[str, Any]) -> bool:
    """Not what devices say of themselves at the start, nor what only flickers."""
    if data["property"] in NOISE:
        return False
    known = data["previous"] is not None or data["property"] == "action"
    return bool(known and data["value"] != data["previous"])


def _reading(data: Mapping[str, Any], zone: ZoneInfo) -> Text:
    unit = f" {data['unit']}" if data.get("unit") else ""
    instance = f".{data['instance']}" if data.get("instance") else ""
    return _line(
        _clock(data["ts"], zone),
        (data["device"], "bold"),
        f"{data['property']}{instance}",
        (f"{_word(data['value'])}{unit}", "cyan"),
    )


def _run(data: Mapping[str, Any], zone: ZoneInfo) -> Text:
    state = data["state"]
    style = STYLES.get(state, "cyan")
    return _line(
        _clock(data["finished"], zone),
        (MARKS.get(state, "·"), style),
        (data["pipeline"], "bold"),
        (state, style),
        _took(data["started"], data["finished"]),
        (data.get("error") or "", "red"),
    )


def _effect(data: Mapping[str, Any], zone: ZoneInfo) -> Text:
    effect = data["effect"]
    return _line(
        _clock(effect["ts"], zone),
        ("  →", "magenta"),
        effect["kind"],
        (effect["target"], "bold"),
        _told(effect["payload"]),
        (f"({data['pipeline']})", "bright_black"),
    )


def _line(*parts: str | tuple[str, str]) -> Text:
    given = [part for part in parts if (part if isinstance(part, str) else part[0])]
    text = Text(no_wrap=True, overflow="ellipsis")
    for index, part in enumerate(given):
        text.append(" " if index else "")
        text.append(*((part,) if isinstance(part, str) else part))
    return text


def _told(payload: Any) -> str:
    """What an effect sent: of a device command what it sets, of a notice its text."""
    if isinstance(payload, dict) and "message" in payload:
        return ": ".join(filter(None, (payload.get("title"), payload["message"])))
    if isinstance(payload, dict) and isinstance(payload.get("set"), dict):
        payload = payload["set"] | {key: payload[key] for key in payload if key != "set"}
    return _word(payload)


def _word(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{key}={_word(part)}" for key, part in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _clock(ts: str, zone: ZoneInfo) -> str:
    return f"{datetime.fromisoformat(ts).astimezone(zone):%H:%M:%S}"


def _took(start: str, end: str) -> str:
    ms = (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds() * 1000
    return f"{ms:.1f} ms" if ms < 1000 else f"{ms / 1000:.1f} s"
