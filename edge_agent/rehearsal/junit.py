"""Outcomes as JUnit XML, as build servers read it: a suite a file, a case a test."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from edge_agent.rehearsal.failure_text import plain_failure
from schemas.outcomes import Outcome, SuiteReport
from schemas.problem import Problem

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(report: SuiteReport, started: datetime | None = None) -> bytes:
    """The whole report; a file with problems is a suite with an error.

    Valid by both schemas in use: that of Ant's JUnit task and that of Jenkins' xUnit plugin.
    """
    root = Element("testsuites")
    when = (started or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%S")
    for file, outcomes in groupby(report.tests, key=lambda outcome: outcome.file):
        _tested(_Suite(root, file, when), list(outcomes))
    for problem in report.problems:
        if problem.severity == "error":
            _broken(_Suite(root, problem.at.file, when), problem)
    indent(root)
    text: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return text


class _Suite:
    """A `testsuite` with its parts in the order that the schemas want."""

    def __init__(self, root: Element, file: str, when: str) -> None:
        self.element = SubElement(
            root,
            "testsuite",
            {
                "name": file, "package": "hearth", "id": str(len(root)), "timestamp": when,
                "hostname": "localhost",
            },
        )  # fmt: skip
        SubElement(self.element, "properties")

    def case(self, name: str, pipeline: str, seconds: float) -> Element:
        named = {"name": _clean(name), "classname": pipeline, "time": f"{seconds:.3f}"}
        return SubElement(self.element, "testcase", named)

    def close(self, notes: str, **counts: float) -> None:
        for name, number in counts.items():
            self.element.set(name, f"{number:.3f}" if name == "time" else str(number))
        SubElement(self.element, "system-out").text = _clean(notes)
        SubElement(self.element, "system-err")


def _tested(suite: _Suite, outcomes: Sequence[Outcome]) -> None:
    for outcome in outcomes:
        case = suite.case(outcome.name, outcome.pipeline, outcome.seconds)
        if outcome.failure is not None:
            text = _clean(plain_failure(outcome))
            told = {"message": text.split("\n", 1)[0], "type": "failure"}
            SubElement(case, "failure", told).text = text
    suite.close(
        "\n".join(f"{each.name}: {note}" for each in outcomes for note in each.notes),
        tests=len(outcomes),
        failures=sum(not outcome.passed for outcome in outcomes),
        errors=0,
        time=sum(outcome.seconds for outcome in outcomes),
    )


def _broken(suite: _Suite, problem: Problem) -> None:
    case = suite.case("the file can be tested", "hearth", 0.0)
    told = {"message": _clean(problem.text), "type": "problem"}
    SubElement(case, "error", told).text = _clean(str(problem))
    suite.close("", tests=1, failures=0, errors=1, time=0.0)


def _clean(text: str) -> str:
    """The text without what XML 1.0 cannot say."""
    return _FORBIDDEN.sub("\ufffd", text)
