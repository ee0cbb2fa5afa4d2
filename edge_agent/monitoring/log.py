"""Logging: an event name and fields, as text on a terminal and as JSON elsewhere.

Every layer writes with the standard library, `log = logging.getLogger(__name__)` at the top of
the module and then

    log.info("broker connected", extra={"host": host, "port": port})
    log.warning("run failed", extra={"pipeline": plan.id, "run": run, "error": text})

The message is the event's name: constant, lower case, no values inside it. The values are fields
in `extra` (names of `LogRecord` attributes such as `name`, `args`, `module`, `message` are refused
by the standard library). Nothing per event above debug; where that debug call sits on the hot
path, guard it with `if log.isEnabledFor(logging.DEBUG)`. Only `edge_agent/main.py` and the
command line call `set_up`.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal, TextIO

import msgspec

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}
_SECRET_NAMES = ("password", "secret", "token", "authorization", "api_key", "cookie")
_COLOURS = {"debug": "2", "info": "32", "warning": "33", "error": "31", "critical": "1;31"}
_MASK = "***"
_SHORT = 4


class Mask:
    """Hides secrets: fields whose name says so, and the values of `secrets.yaml` anywhere."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._known: set[str] = set()
        self.add(secrets)

    def add(self, secrets: Iterable[str]) -> None:
        """Hide these too."""
        known = self._known = self._known | {secret for secret in secrets if secret}
        self._inside = sorted((s for s in known if len(s) >= _SHORT), key=len, reverse=True)
        self._whole = {s for s in known if len(s) < _SHORT}  # inside a text they would hide words

    def text(self, text: str) -> str:
        """The text without any known secret."""
        if text in self._whole:
            return _MASK
        for secret in self._inside:
            text = text.replace(secret, _MASK)
        return text

    def value(self, value: Any, name: str = "") -> Any:
        """A field's value without secrets, at any depth."""
        if name and any(word in name.lower() for word in _SECRET_NAMES):
            return _MASK
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {str(k): self.value(v, str(k)) for k, v in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.value(v) for v in value]
        if value is None or isinstance(value, bool | int | float):
            return value
        return self.text(str(value))

    def fields(self, record: logging.LogRecord) -> dict[str, Any]:
        """What was given as `extra`, and the traceback as `error`."""
        extra = {k: v for k, v in vars(record).items() if k not in _STANDARD}
        if record.exc_info and record.exc_info[0] is not None:
            extra["error"] = logging.Formatter().formatException(record.exc_info)
        return {name: self.value(value, name) for name, value in extra.items()}


class JsonFormatter(logging.Formatter):
    """One JSON object a line: ts (RFC 3339, UTC), level, logger, event, then the fields."""

    def __init__(self, mask: Mask) -> None:
        super().__init__()
        self.mask = mask

    def format(self, record: logging.LogRecord) -> str:
        """The line, without the line break."""
        head = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": self.mask.text(record.getMessage()),
        }
        return msgspec.json.encode(self.mask.fields(record) | head).decode()


class TextFormatter(logging.Formatter):
    """A line for people: local time, level, event, `key=value`; colours where wanted."""

    def __init__(self, mask: Mask, *, colours: bool = False) -> None:
        super().__init__()
        self.mask = mask
        self._colours = colours

    def format(self, record: logging.LogRecord) -> str:
        """The line; a traceback follows it on lines of its own."""
        fields = self.mask.fields(record)
        trace = fields.pop("error") if record.exc_info and "error" in fields else ""
        level = record.levelname.lower()
        shown = f"\x1b[{_COLOURS.get(level, '0')}m{level:<7}\x1b[0m" if self._colours else level
        clock = datetime.fromtimestamp(record.created).strftime("%H:%M:%S")
        event = self.mask.text(record.getMessage())
        pairs = "".join(f" {name}={_shown(value)}" for name, value in fields.items())
        line = f"{clock} {shown:<7} {event}{pairs}"
        return f"{line}\n{trace}" if trace else line


def set_up(
    level: str = "info",
    form: Literal["auto", "text", "json"] = "auto",
    *,
    secrets: Iterable[str] = (),
    stream: TextIO | None = None,
) -> None:
    """Send all logs to `stream` (stderr by default) in the settings' level and format.

    Calling it again replaces what was set before.
    """
    out = stream or sys.stderr
    terminal = out.isatty()
    mask = Mask(secrets)
    text = form == "text" or (form == "auto" and terminal)
    handler = logging.StreamHandler(out)
    handler.setFormatter(TextFormatter(mask, colours=terminal) if text else JsonFormatter(mask))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.captureWarnings(True)
    for chatty in ("uvicorn", "httpx", "httpcore", "apscheduler", "amqtt", "transitions", "paho"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))


def mask_also(secrets: Iterable[str]) -> None:
    """Hide these in everything logged from now on."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, JsonFormatter | TextFormatter):
            handler.formatter.mask.add(secrets)


def _shown(value: Any) -> str:
    if isinstance(value, str) and value and not set(value) & set(" \t\n\"'="):
        return value
    return msgspec.json.encode(value).decode()
