"""Log lines as people and as machines read them, without secrets."""

from __future__ import annotations

import io
import json
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from edge_agent.monitoring.log import set_up

log = logging.getLogger("hearth.test")


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    """Where the log goes; what was set up before is restored."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield io.StringIO()
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)


def line(out: io.StringIO) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def test_json_lines_hold_the_event_and_its_fields(out: io.StringIO) -> None:
    set_up("info", "auto", stream=out)
    log.info("broker connected", extra={"host": "h", "tries": 2, "topics": ("a", "b")})
    found = line(out)
    assert found.pop("ts").endswith("+00:00")
    assert found == {
        "host": "h",
        "tries": 2,
        "topics": ["a", "b"],
        "level": "info",
        "logger": "hearth.test",
        "event": "broker connected",
    }


def test_text_lines_are_for_people(out: io.StringIO) -> None:
    set_up("info", "text", stream=out)
    log.warning("run failed", extra={"pipeline": "p", "error": "no such topic"})
    assert out.getvalue()[9:] == 'warning run failed pipeline=p error="no such topic"\n'


@pytest.mark.parametrize("form", ["json", "text"])
def test_secrets_never_appear(out: io.StringIO, form: Any) -> None:
    set_up("info", form, secrets=["hunter22", 'qu"ote', "ab"], stream=out)
    fields = {"url": "http://hunter22@h", "password": "x1", "deep": [{"api_token": "x2"}]}
    log.error('has qu"ote', extra=fields | {"pin": "ab", "word": "cabin"})
    text = out.getvalue()
    for secret in ("hunter22", "x1", "x2", "qu", '"ab"', "=ab"):
        assert secret not in text
    assert "cabin" in text


def test_a_traceback_is_a_field_and_is_masked(out: io.StringIO) -> None:
    set_up("info", "json", secrets=["hunter22"], stream=out)
    try:
        raise ValueError("hunter22 is wrong")
    except ValueError:
        log.exception("broken")
    assert "ValueError: *** is wrong" in line(out)["error"]


def test_less_than_the_level_is_not_written(out: io.StringIO) -> None:
    set_up("warning", "json", stream=out)
    log.info("quiet")
    assert out.getvalue() == ""


def test_warnings_are_logged_too(out: io.StringIO) -> None:
    set_up("info", "json", stream=out)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("old way", stacklevel=1)
    assert "old way" in line(out)["event"]


def test_fields_of_any_type_are_written(out: io.StringIO) -> None:
    set_up("info", "json", stream=out)
    log.info("odd", extra={"obj": b"\xff", "none": None, "flag": True, "nan": float("nan")})
    found = line(out)
    assert (found["obj"], found["none"], found["flag"], found["nan"]) == (
        "b'\\xff'",
        None,
        True,
        None,
    )
