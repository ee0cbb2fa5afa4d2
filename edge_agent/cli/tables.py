"""Rows under their columns: a drawn table where the terminal has room, else one below the other."""

import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from itertools import compress

import click

Cells = Sequence[Sequence[str]]

# A cell stays on its line up to so many columns, and gets at least so many when it is longer.
_NARROW, _LEAST = 10, 20
_BETWEEN = 2
_STYLES = {
    "completed": "green", "online": "green", "true": "green",
    "failed": "bold red", "crashed": "bold red", "offline": "red", "false": "red",
    "running": "cyan", "waiting": "cyan", "queued": "cyan", "cancelled": "yellow",
}  # fmt: skip


def print_table(columns: Sequence[str], cells: Cells) -> None:
    """Print a table: drawn on a terminal, else as aligned text; `cells` are rows.

    Where the terminal has not room enough, columns that say nothing are left out, and long cells
    take several lines; each row is a paragraph where that takes fewer.
    """
    if not sys.stdout.isatty():
        _print_plain(columns, cells)
        return
    room = shutil.get_terminal_size().columns
    if cells and sum(_wanted(columns, cells)) + _BETWEEN * (len(columns) - 1) > room:
        columns, cells = _filled(columns, cells)
    widths = _widths(columns, cells, room)
    if widths and _lines_drawn(cells, widths) <= _lines_of_paragraphs(columns, cells, room):
        _print_drawn(columns, cells, widths)
    else:
        _print_paragraphs(columns, cells, room)


def _filled(columns: Sequence[str], cells: Cells) -> tuple[Sequence[str], Cells]:
    """The first column, by which rows are known, and those in which one says something."""
    kept = [number == 0 or any(column) for number, column in enumerate(zip(*cells, strict=True))]
    return list(compress(columns, kept)), [list(compress(row, kept)) for row in cells]


def _print_plain(columns: Sequence[str], cells: Cells) -> None:
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    for row in (columns, *cells):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo(line.rstrip())


def _wanted(columns: Sequence[str], cells: Cells) -> list[int]:
    return [max(map(_width, column)) for column in zip(columns, *cells, strict=True)]


def _widths(columns: Sequence[str], cells: Cells, room: int) -> list[int]:
    """How wide each column is drawn; none where they have not room enough to be read."""
    wanted = _wanted(columns, cells)
    widths = list(map(_least, zip(columns, *cells, strict=True), wanted))
    left = room - sum(widths) - _BETWEEN * (len(columns) - 1)
    if left < 0:
        return []
    for index in sorted(range(len(columns)), key=lambda n: wanted[n] - widths[n]):
        more = min(wanted[index] - widths[index], left)
        widths[index] += more
        left -= more
    return widths


def _least(column: Sequence[str], wanted: int) -> int:
    """The width at which a column can be read still; its words stay whole where they are short."""
    if wanted > _LEAST:
        return _LEAST
    words = (_width(word) for cell in column for word in cell.split())
    return min(wanted, max(_NARROW, *words, 0))


def _width(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)


def _print_drawn(columns: Sequence[str], cells: Cells, widths: Sequence[int]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    heads = (
        Column(name, width=width, overflow="fold")
        for name, width in zip(columns, widths, strict=True)
    )
    table = Table(
        *heads, box=box.SIMPLE_HEAD, header_style="bold", padding=(0, 1, 0, 0),
        pad_edge=False, show_edge=False,
    )  # fmt: skip
    for row in cells:
        table.add_row(*(Text(cell, style=_STYLES.get(cell, "")) for cell in row))
    Console().print(table)


def _lines_drawn(cells: Cells, widths: Sequence[int]) -> int:
    return sum(max(map(_lines, row, widths)) for row in cells)


def _lines_of_paragraphs(columns: Sequence[str], cells: Cells, room: int) -> int:
    beside = max(room - max(map(len, columns)) - _BETWEEN, _NARROW)
    return sum(1 + sum(_lines(cell, beside) for cell in row) for row in cells)


def _lines(text: str, width: int) -> int:
    return -(-_width(text) // width)


def _print_paragraphs(columns: Sequence[str], cells: Cells, room: int) -> None:
    """Each row as a paragraph, a line for each cell that says something."""
    from rich.console import Console
    from rich.text import Text

    console, titles = Console(), max(map(len, columns))
    for number, row in enumerate(cells):
        if number:
            console.print()
        for name, cell in zip(columns, row, strict=True):
            title = f"{name:{titles}}  "
            for line in _wrapped(cell, room - len(title)):
                console.print(Text.assemble((title, "bold"), (line, _STYLES.get(cell, ""))))
                title = " " * len(title)


def _wrapped(text: str, room: int) -> Iterator[str]:
    for line in text.splitlines():
        yield from textwrap.wrap(line, max(room, _NARROW), break_on_hyphens=False)
