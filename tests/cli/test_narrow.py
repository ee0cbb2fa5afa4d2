"""On a narrow terminal nothing that a wide one shows is missing."""

import sys
from collections.abc import Callable, Sequence

import click
import pytest

from edge_agent.cli.tables import print_table

COLUMNS = ("name", "area", "state", "seen", "reports")
REPORTS = "temperature 21.5 °C, humidity 48 %, battery 91 %"
ROWS = [
    ["Climate sensor", "", "online", "12s ago", REPORTS],
    ["厨房灯", "", "offline", "", "state on"],
]


Printed = Callable[..., str]


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Printed:
    """What the table looks like on a terminal of that width."""

    def at(width: int, rows: Sequence[Sequence[str]] = ROWS) -> str:
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
        monkeypatch.setenv("COLUMNS", str(width))
        print_table(COLUMNS, rows)
        return click.unstyle(capsys.readouterr().out)

    return at


@pytest.mark.parametrize("width", range(24, 100, 4))
def test_every_word_of_a_table_is_there_and_whole(printed: Printed, width: int) -> None:
    said = printed(width)
    for word in " ".join(cell for row in ROWS for cell in row).split():
        assert word in said
    assert max(map(len, said.splitlines())) <= width


def test_a_table_with_room_keeps_every_column(printed: Printed) -> None:
    head, _, first, *_ = printed(120).splitlines()
    assert head.split() == list(COLUMNS) and first.endswith(REPORTS)


def test_a_table_that_is_too_wide_loses_columns_that_say_nothing(printed: Printed) -> None:
    assert printed(60).split("\n")[0].split() == [*COLUMNS[:1], *COLUMNS[2:]]


def test_a_row_without_room_is_a_paragraph(printed: Printed) -> None:
    assert printed(40) == (
        "name     Climate sensor\n"
        "state    online\n"
        "seen     12s ago\n"
        "reports  temperature 21.5 °C, humidity\n"
        "         48 %, battery 91 %\n"
        "\n"
        "name     厨房灯\n"
        "state    offline\n"
        "reports  state on\n"
    )


@pytest.mark.parametrize("width", [10, 30, 80])
def test_rows_that_say_nothing_keep_the_column_they_are_known_by(
    printed: Printed, width: int
) -> None:
    assert printed(width, [[""] * len(COLUMNS)]).split()[0] == "name"


def test_without_rows_the_columns_are_told_where_they_have_room(printed: Printed) -> None:
    assert printed(80, []).split()[:5] == list(COLUMNS)
    assert printed(10, []) == ""
