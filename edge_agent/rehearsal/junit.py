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
    """The whole report; a file with problems is a suite with an error."""
    root = Element("testsuites", _counts(report.tests, report.problems) | {"name": "hearth test"})
    when = (started or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%S")
    for file, outcomes in groupby(report.tests, key=lambda outcome: outcome.file):
        _suite(root, file, list(outcomes), when)
    for problem in report.problems:
        if problem.severity == "error":
            _broken(root, problem, when)
    indent(root)
    text: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return text


def _suite(root: Element, file: str, outcomes: Sequence[Outcome], when: str) -> None:
    named = {"name": file, "timestamp": when, "hostname": "localhost", "skipped": "0"}
    suite = SubElement(root, "testsuite", named | _counts(outcomes, ()))
    for outcome in outcomes:
        case = _case(suite, outcome.name, outcome.pipeline, outcome.file, outcome.line)
        case.set("time", f"{outcome.seconds:.3f}")
        if outcome.failure is not None:
            text = _clean(plain_failure(outcome))
            message = text.split("\n", 1)[0]
            SubElement(case, "failure", {"message": message, "type": "failure"}).text = text
        if outcome.notes:
            SubElement(case, "system-out").text = _clean("\n".join(outcome.notes))


def _broken(root: Element, problem: Problem, when: str) -> None:
    named = {"name": problem.at.file, "timestamp": when, "hostname": "localhost", "skipped": "0"}
    suite = SubElement(root, "testsuite", named | _counts((), (problem,)))
    case = _case(suite, "the file can be tested", "hearth", problem.at.file, problem.at.line)
    case.set("time", "0.000")
    told = {"message": _clean(problem.text), "type": "problem"}
    SubElement(case, "error", told).text = _clean(str(problem))


def _case(suite: Element, name: str, pipeline: str, file: str, line: int) -> Element:
    return SubElement(
        suite,
        "testcase",
        {"name": _clean(name), "classname": pipeline, "file": file, "line": str(line)},
    )


def _counts(outcomes: Sequence[Outcome], problems: Sequence[Problem]) -> dict[str, str]:
    errors = sum(problem.severity == "error" for problem in problems)
    return {
        "tests": str(len(outcomes) + errors),
        "failures": str(sum(not outcome.passed for outcome in outcomes)),
        "errors": str(errors),
        "time": f"{sum(outcome.seconds for outcome in outcomes):.3f}",
    }


def _clean(text: str) -> str:
    """The text without what XML 1.0 cannot say."""
    return _FORBIDDEN.sub("\ufffd", text)
