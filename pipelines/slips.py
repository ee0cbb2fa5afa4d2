"""The usual slips in YAML, told in the user's words."""

from __future__ import annotations

from schemas.problem import Position, Problem

QUOTE = 'quote the expression: `"{{ … }}"`'


def syntax(problem: str, context: str, text: str, at: Position, began: Position) -> Problem:
    """A parser's error; `began` is where what it was reading began."""
    lines = text.splitlines()
    line = lines[at.line - 1] if at.line <= len(lines) else ""
    if "quoted scalar" in context and "end of stream" in problem:
        return Problem(began, "this quote is never closed", "a quote ends with the same mark")
    if "flow" in context and "did not find expected" in problem:
        told = Problem(at, "a bracket is not closed here", _hint(problem, line))
        opened = f"it was opened at {began}"
        return told if told.hint else Problem(at, told.text, opened)
    return Problem(at, f"{problem} {context}" if context else problem, _hint(problem, line))


def control_character(text: str, offset: object, name: str) -> Problem:
    """A character that no YAML file may hold; `offset` is its place if known."""
    line = text.count("\n", 0, offset) + 1 if isinstance(offset, int) else 0
    return Problem(Position(name, line, 1 if line else 0), "a control character", "remove it")


def _hint(problem: str, line: str) -> str:
    value = line.partition(": ")[2].strip() or line.strip(" -")
    if value.startswith("{{") or "{%" in value:
        return QUOTE
    if value.startswith("*"):
        return f'quote it: `"{value}"` (a bare `*` begins an alias)'
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return "indent with spaces, YAML allows no tabs"
    if value[:1] in "@`%&!|>" and value:
        return f'quote it: `"{value}"`'
    if "mapping values" in problem:
        return "quote a text that holds `: `, or check the indentation"
    if "expected key" in problem or "'-' indicator" in problem or "block sequence" in problem:
        return "check the indentation of this line and the one above"
    return ""
