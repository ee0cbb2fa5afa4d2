"""Whether an answer is what a case expects, by the matching rules that the corpus documents."""

import json
from typing import Any

TOLERANCE = {"brightness": 0.5, "color_temp": 15.0, "tilt": 0.5, "position": 0.5}


def same_message(expected: dict[str, Any], actual: dict[str, Any]) -> list[str]:
    """What differs: every expected reading must be there, and every other expected key equal."""
    wrong = []
    got = actual.get("readings") or []
    for reading in expected.get("readings", ()):
        if not any(_fits(reading, each) for each in got):
            wrong.append(f"no {reading} in {got}")
    if expected.get("channel") in ("command", "log") and got:
        wrong.append(f"readings of a {expected['channel']}: {got}")
    for key in expected.keys() - {"readings", "entities", "devices"}:
        if expected[key] != actual.get(key):
            wrong.append(f"{key}: expected {expected[key]!r}, got {actual.get(key)!r}")
    for key in ("entities", "devices"):
        for entry in expected.get(key, ()):
            if not any(entry.items() <= each.items() for each in actual.get(key, ())):
                wrong.append(f"no {entry} in {actual.get(key)}")
    return wrong


def same_publication(expected: dict[str, Any], actual: dict[str, Any]) -> list[str]:
    """What differs between two messages; payloads that are JSON are compared as such."""
    keys = ("topic", "retain")
    wrong = [key for key in keys if expected.get(key, False) != actual[key]]
    if _parsed(expected["payload"]) != _parsed(actual["payload"]):
        wrong.append("payload")
    return [f"{key}: expected {expected.get(key)!r}, got {actual[key]!r}" for key in wrong]


def _fits(expected: dict[str, Any], actual: dict[str, Any]) -> bool:
    if expected["property"] != actual["property"] or expected.get("unit") != actual["unit"]:
        return False
    if "instance" in expected and expected["instance"] != actual["instance"]:
        return False
    tolerance = expected.get("tol", TOLERANCE.get(expected["property"], 1e-6))
    return _same(expected["value"], actual["value"], tolerance)


def _same(expected: Any, actual: Any, tolerance: float) -> bool:
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    if isinstance(expected, int | float) and isinstance(actual, int | float):
        return abs(expected - actual) <= tolerance
    if isinstance(expected, list) and isinstance(actual, list):
        pairs = zip(expected, actual, strict=False)
        return len(expected) == len(actual) and all(_same(a, b, tolerance) for a, b in pairs)
    return bool(expected == actual)


def _parsed(payload: str) -> Any:
    try:
        return json.loads(payload)
    except ValueError:
        return payload
