"""The SQL beside this file: migrations in order, views, and queries by name."""

import re
from pathlib import Path

FOLDER = Path(__file__).parent
_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


def migrations() -> list[str]:
    """The scripts that build the file format, oldest first; their number is its version."""
    return [path.read_text() for path in sorted((FOLDER / "migrations").glob("*.sql"))]


def views() -> str:
    """The script that makes the tables users see."""
    return (FOLDER / "views.sql").read_text()


def queries() -> dict[str, str]:
    """The statements of `queries.sql` by the name in the comment above each."""
    parts = _NAME.split((FOLDER / "queries.sql").read_text())
    return {name: text.strip() for name, text in zip(parts[1::2], parts[2::2], strict=True)}
