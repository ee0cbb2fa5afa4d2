"""A user's mistake: where it is, what is wrong, what to try."""

from msgspec import Struct


class Position(Struct, frozen=True, order=True):
    """A place in a file; lines and columns count from 1, `line` 0 means the whole file."""

    file: str = ""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


class Problem(Struct, frozen=True, order=True):
    """One thing the user must change; `severity` is `error` or `warning`."""

    at: Position
    text: str
    hint: str = ""
    severity: str = "error"

    def __str__(self) -> str:
        line = f"{self.at}: {self.severity}: {self.text}"
        return f"{line}\n  hint: {self.hint}" if self.hint else line


class UserError(Exception):
    """The user's files or input are wrong; carries every problem found, never a traceback."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems
