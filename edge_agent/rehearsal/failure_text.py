"""A failed test in words: what did not come, what came instead, what ran and what did not."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from typing import Any

from edge_agent.rehearsal.flow_text import flow
from schemas.outcomes import (
    Difference,
    EffectShown,
    Failure,
    Heard,
    Mismatch,
    Outcome,
    Quiet,
    RunShown,
    StepShown,
)

Line = tuple[str, str]
"""A line and what it is: `expected`, `happened`, `bad`, `good`, `title` or empty."""

_UNANSWERED = re.compile(r"no stub answers (\S+)$")
_MARGIN, _ALIKE = 15, 4
_MARKS = {"completed": "✓", "failed": "✗", "skipped": "-", "cancelled": "-", "waiting": "…"}


def failure_lines(outcome: Outcome, width: int = 80) -> Iterator[Line]:
    """What to print below the line of a failed test."""
    failure = outcome.failure
    if failure is None:
        return
    yield from _where(outcome, failure)
    for titled in (
        _group("expected, but it came out differently:", _both(failure), _nearly, width),
        _group("expected, but it did not happen:", _missing(failure), _one, width),
        _group("happened, but nobody expected it:", _surplus(failure), _one, width),
    ):
        yield from titled
    yield from _what_ran(failure, width)


def plain_failure(outcome: Outcome) -> str:
    """The same as one text, for machines that show it to people."""
    return "\n".join(text for text, _ in failure_lines(outcome)).strip("\n")


def _where(outcome: Outcome, failure: Failure) -> Iterator[Line]:
    where = f"{outcome.file}:{failure.line}"
    if failure.mismatches:
        place = "" if failure.text == "here" else f" {failure.text}"
        yield f"{where}: not as expected{place}, at {failure.time} on the test's clock", ""
    else:
        yield f"{where}: {failure.text}", "bad"
        yield f"at {failure.time} on the test's clock", ""


def _both(failure: Failure) -> list[Mismatch]:
    return [each for each in failure.mismatches if each.expected and each.happened]


def _missing(failure: Failure) -> list[Mismatch]:
    return [each for each in failure.mismatches if not each.happened]


def _surplus(failure: Failure) -> list[Mismatch]:
    return [each for each in failure.mismatches if not each.expected]


def _group(title: str, mismatches: list[Mismatch], show: Any, width: int) -> Iterator[Line]:
    if not mismatches:
        return
    yield "", ""
    yield title, "title"
    for mismatch in mismatches:
        yield from show(mismatch, width)


def _one(mismatch: Mismatch, width: int) -> Iterator[Line]:
    effect, sign, style = mismatch.expected, "-", "expected"
    if effect is None:
        effect, sign, style = mismatch.happened, "+", "happened"
    assert effect is not None
    text = f"  {sign} {effect_text(effect)}"
    if len(text) + 3 + len(_origin(effect)) <= width:
        yield f"{text}   ({_origin(effect)})", style
        return
    for line in _wrapped(text, width, 6):
        yield line, style
    yield f"      ({_origin(effect)})", ""


def _nearly(mismatch: Mismatch, width: int) -> Iterator[Line]:
    expected, happened = mismatch.expected, mismatch.happened
    assert expected is not None
    assert happened is not None
    origin = f"({_origin(expected)}; {_origin(happened)})"
    yield f"  {expected.kind}: {flow(expected.target)}   {origin}", ""
    for difference in mismatch.differences:
        yield from _difference(difference, expected.kind, width)


def _difference(difference: Difference, kind: str, width: int) -> Iterator[Line]:
    yield f"    {difference.path or kind}", ""
    one, other, mark = _beside(
        _shown(difference.expected), _shown(difference.happened), width - _MARGIN
    )
    yield f"    - expected {one}", "expected"
    yield f"    + happened {other}", "happened"
    if mark:
        yield " " * _MARGIN + mark, "bad"


def _beside(one: str, other: str, width: int) -> tuple[str, str, str]:
    """Two values cut to a width around their difference, and carets under it where they begin
    alike."""
    start = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    start = min(len(one), len(other)) if start is None else start
    end = 0
    while end < min(len(one), len(other)) - start and one[-1 - end] == other[-1 - end]:
        end += 1
    skip = start - width // 3 if max(len(one), len(other)) > width and start > width // 2 else 0
    shown = start - skip
    marked = min(max(len(other) - start - end, 1), width - shown)
    mark = " " * shown + "^" * marked if start >= _ALIKE else ""
    return _cut(one, skip, width), _cut(other, skip, width), mark


def _cut(text: str, skip: int, width: int) -> str:
    cut = f"…{text[skip + 1 :]}" if skip else text
    return cut if len(cut) <= width else f"{cut[: width - 1]}…"


def _shown(value: Any) -> str:
    return "(nothing)" if value is None else flow(value)


def effect_text(effect: EffectShown) -> str:
    """An effect as a test names it."""
    fields = "".join(f", {key}: {flow(value)}" for key, value in effect.fields.items())
    return f"{{{effect.kind}: {flow(effect.target)}{fields}}}"


def _origin(effect: EffectShown) -> str:
    if effect.line:
        return f"line {effect.line}"
    return f"at {effect.time} by {effect.run}" if effect.run else f"at {effect.time}"


def _what_ran(failure: Failure, width: int) -> Iterator[Line]:
    yield "", ""
    yield ("what ran:" if failure.runs else "nothing ran."), "title"
    if failure.earlier_runs:
        yield f"  … {failure.earlier_runs} runs before these", ""
    for run in failure.runs:
        yield from _run(run, width)
    for quiet in failure.quiet:
        yield from _quiet(quiet, width)
    if not failure.runs and failure.heard:
        yield "", ""
        yield "what came in:", "title"
        for heard in failure.heard:
            yield from _heard(heard, width)


def _run(run: RunShown, width: int) -> Iterator[Line]:
    started = f" (trigger {run.trigger})" if run.trigger else ""
    mark = _MARKS.get(run.state, "·")
    style = "bad" if run.state in ("failed", "crashed") else ""
    yield f"  {mark} {run.time}  {run.pipeline}{started}: {run.state}", style
    for step in run.steps:
        yield from _step(step, width)
    if run.error and not any(step.says == run.error for step in run.steps):
        for line in _wrapped(f"      {run.error}", width, 6):
            yield line, "bad"


def _step(step: StepShown, width: int) -> Iterator[Line]:
    name = step.kind if step.path.isdigit() else f"{step.path} ({step.kind})"
    number = f"step {int(step.path) + 1}: " if step.path.isdigit() else ""
    says = f": {step.says}" if step.says else ""
    text = f"      {_MARKS.get(step.state, '·')} {step.time}  {number}{name}{says}"
    for line in _wrapped(text, width, 20):
        yield line, "bad" if step.state == "failed" else ""
    if address := _UNANSWERED.search(step.says):
        stub = flow({"http": [{"url": address[1], "json": {}}]})
        yield f"          hint: add to the test `stub: {stub}`", ""


def _quiet(quiet: Quiet, width: int) -> Iterator[Line]:
    for line in _wrapped(f"  - {quiet.pipeline} did not run: {quiet.reason}", width, 4):
        yield line, ""


def _heard(heard: Heard, width: int) -> Iterator[Line]:
    """A report has no message behind it."""
    readings = ", ".join(heard.readings) or "no reading"
    told = readings if heard.source.startswith("report/") else f"{heard.source}: {readings}"
    for line in _wrapped(f"    {heard.time}  {told}", width, 14):
        yield line, ""


def _wrapped(text: str, width: int, indent: int) -> list[str]:
    """The text in lines of a width; long words stay whole, they may be addresses."""
    start = len(text) - len(text.lstrip())
    lines = textwrap.wrap(
        text.strip(), width - start, subsequent_indent=" " * (indent - start),
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
    return [" " * start + line for line in lines or [""]]
