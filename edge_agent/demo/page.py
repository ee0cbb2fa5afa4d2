"""How the demo's screen is laid out, on a wide terminal and on a narrow one."""

from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Group
from rich.layout import Layout
from rich.panel import Panel
from rich.text import Text

Lines = Sequence[Text]

# Narrower, two columns side by side would show the beginnings of lines only.
_TWO_COLUMNS = 72
_LEAST_ROWS, _FRAME = 5, 2


def page(head: str, tail: str, seen: Lines, done: Lines, *, width: int, height: int) -> Layout:
    """What runs where, what devices report beside (or above) what pipelines do, what to try.

    What is to be tried gives way where the terminal is low.
    """
    above, below = _rows(head, width), _rows(tail, width)
    panels = 1 if width >= _TWO_COLUMNS else 2  # one above the other
    below = min(below, height - above - panels * _LEAST_ROWS)
    middle = height - above - max(below, 0)
    parts = [
        Layout(Panel(Text(head), title="hearthflow"), size=above),
        _middle(seen, done, width, middle),
    ]
    if below > _FRAME:
        parts.append(Layout(Panel(Text(tail), title="try this in another terminal"), size=below))
    whole = Layout()
    whole.split_column(*parts)
    return whole


def _middle(seen: Lines, done: Lines, width: int, height: int) -> Layout:
    wide = width >= _TWO_COLUMNS
    rows = max((height if wide else height // 2) - _FRAME, 1)
    reports = Panel(Group(*seen[-rows:]), title="devices report")
    runs = Panel(Group(*done[-rows:]), title="pipelines run and act")
    middle = Layout()
    if wide:
        middle.split_row(Layout(reports, ratio=2), Layout(runs, ratio=3))
    else:
        middle.split_column(Layout(reports), Layout(runs))
    return middle


def _rows(text: str, width: int) -> int:
    """How many rows a text takes in its frame."""
    room = max(width - 2 * _FRAME, 1)
    return sum(max(-(-cell_len(line) // room), 1) for line in text.split("\n")) + _FRAME
