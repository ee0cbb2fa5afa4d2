"""What waits: the urgent first, and nobody for ever."""

from __future__ import annotations

from edge_agent.models.waiting import PATIENCE, Waiting


def waiting(**items: str) -> Waiting[str]:
    line: Waiting[str] = Waiting()
    for priority in ("low", "normal", "high"):
        for item in items.get(priority, ""):
            line.add(item, priority)
    return line


def test_the_urgent_go_first_and_each_line_keeps_its_order() -> None:
    line = waiting(low="uv", normal="mn", high="ab")
    assert line.first() == "a"
    assert "".join(line.take() for _ in range(len(line))) == "abmnuv"


def test_one_that_waits_is_passed_over_so_often_and_no_more() -> None:
    line = waiting(low="u", normal="m", high="a" * 40)
    taken = "".join(line.take() for _ in range(len(line)))
    assert taken.index("m") <= PATIENCE + 1
    assert taken.index("u") <= PATIENCE + 1
    assert sorted(taken[: PATIENCE + 2]) == ["a"] * PATIENCE + ["m", "u"]


def test_the_last_come_of_the_least_urgent_gives_way_to_the_more_urgent_alone() -> None:
    line = waiting(low="uv", normal="m", high="a")
    assert line.give_way("low") is None
    assert [line.give_way("high") for _ in range(4)] == ["v", "u", "m", None]
    assert list(line) == ["a"]


def test_who_goes_away_is_forgotten() -> None:
    line = waiting(normal="mno")
    line.remove("n")
    line.remove("x")
    assert list(line) == ["m", "o"]
