"""Where a character of a YAML text stands in its file."""

from __future__ import annotations

from schemas.problem import Position


def position_in(source: str, at: Position, text: str, offset: int) -> Position:
    """The place of `text[offset]`, a scalar that begins at `at` in the file's `source`.

    Exact for plain, quoted and literal (`|`) scalars; in folded ones (`>`) the place of the same
    words, as far as they can be found.
    """
    lines = source.replace("\r\n", "\n").split("\n")
    if not 0 < at.line <= len(lines):
        return at
    head = lines[at.line - 1][at.column - 1 :]
    if head[:1] == "|":
        return _in_literal(lines, at, text, offset)
    if head[:1] == ">":
        return _in_folded(lines, at, text[offset:].split("\n", 1)[0][:20])
    if "\n" in text:
        return at
    return Position(at.file, at.line, at.column + _quoted_offset(head, offset))


def _in_literal(lines: list[str], at: Position, text: str, offset: int) -> Position:
    """In a literal the lines are those of the text, further in."""
    index = at.line + text.count("\n", 0, offset)
    begin = text.rfind("\n", 0, offset) + 1
    line = text[begin:].split("\n", 1)[0]
    if index >= len(lines) or not lines[index].endswith(line):
        return at
    return Position(at.file, index + 1, len(lines[index]) - len(line) + offset - begin + 1)


def _in_folded(lines: list[str], at: Position, words: str) -> Position:
    for index in range(at.line, len(lines)):
        if (column := lines[index].find(words)) >= 0:
            return Position(at.file, index + 1, column + 1)
    return at


def _quoted_offset(head: str, offset: int) -> int:
    """The offset in the source of a scalar that may be quoted, escapes counted."""
    quote = head[:1]
    if quote not in ("'", '"'):
        return offset if len(head) > offset else 0
    escape = "\\" if quote == '"' else "'"
    place, seen = 1, 0
    while seen < offset and place < len(head):
        place += 2 if head[place] == escape else 1
        seen += 1
    return place if place < len(head) else 0
