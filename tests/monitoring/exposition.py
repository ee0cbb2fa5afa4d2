"""A strict reader of the Prometheus text format 0.0.4, written from its specification."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"(,|$)')
SAMPLE = re.compile(r"(?P<name>[^{ ]+)(?:\{(?P<labels>.*)\})? (?P<value>\S+)")
KINDS = {"counter", "gauge", "histogram", "summary", "untyped"}
UNESCAPED = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}


@dataclass
class Family:
    """A metric: its kind, its help, and the number of each (sample name, labels)."""

    kind: str = ""
    help: str = ""
    samples: dict[tuple[str, tuple[tuple[str, str], ...]], float] = field(default_factory=dict)


def read(text: str) -> dict[str, Family]:
    """The families of a page; an AssertionError for everything the format does not allow."""
    assert text.endswith("\n")
    families: dict[str, Family] = {}
    current = ""
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            current, _, words = line.removeprefix("# HELP ").partition(" ")
            assert NAME.fullmatch(current) and current not in families, line
            families[current] = Family(help=words)
        elif line.startswith("# TYPE "):
            name, _, kind = line.removeprefix("# TYPE ").partition(" ")
            assert name == current and kind in KINDS and not families[current].kind, line
            families[current].kind = kind
        else:
            _take(families[current], current, line)
    for name, family in families.items():
        _check(name, family)
    return families


def _take(family: Family, name: str, line: str) -> None:
    match = SAMPLE.fullmatch(line)
    assert match and family.kind, line
    suffixes = ("_bucket", "_sum", "_count") if family.kind == "histogram" else ("",)
    assert match["name"] in {name + suffix for suffix in suffixes}, line
    key = match["name"], tuple(_labels(match["labels"] or ""))
    assert key not in family.samples, f"twice: {line}"
    family.samples[key] = float(match["value"])


def _labels(text: str) -> list[tuple[str, str]]:
    found, at = [], 0
    while at < len(text):
        match = LABEL.match(text, at)
        assert match, text
        value = re.sub(r"\\.", lambda escape: UNESCAPED[escape[0]], match[2])
        found.append((match[1], value))
        at = match.end()
    assert len(dict(found)) == len(found), text
    return found


def _check(name: str, family: Family) -> None:
    assert family.help, name
    if family.kind == "counter":
        assert name.endswith("_total"), name
        assert all(value >= 0 for value in family.samples.values()), name
    if family.kind == "histogram":
        buckets = [v for (sample, _), v in family.samples.items() if sample.endswith("_bucket")]
        bounds = [
            float(dict(labels)["le"]) for (s, labels) in family.samples if s.endswith("_bucket")
        ]
        assert bounds == sorted(bounds) and bounds[-1] == float("inf"), name
        assert buckets == sorted(buckets), name
        assert buckets[-1] == family.samples[name + "_count", ()], name
