"""How old a message may be, on a clock that is turned by hand."""

from pathlib import Path

from edge_agent.channels.backlog import LONGEST, Backlog


def test_without_a_returning_session_everything_is_fresh(tmp_path: Path) -> None:
    backlog = Backlog(100.0, tmp_path / "note")
    assert not backlog.waiting
    assert backlog.age(1, 5_000.0) == 0.0


def test_a_message_of_a_returning_session_is_at_most_as_old_as_the_last_commit(
    tmp_path: Path,
) -> None:
    backlog = Backlog(100.0, tmp_path / "note")
    backlog.committed(130.0)
    backlog.began(200.0)
    assert backlog.age(1, 201.0) == 71.0
    backlog.committed(202.0)
    assert backlog.age(1, 203.0) == 73.0


def test_the_marker_ends_the_backlog_and_an_old_marker_does_not(tmp_path: Path) -> None:
    backlog = Backlog(100.0, tmp_path / "note")
    old = backlog.began(200.0)
    new = backlog.began(210.0)
    backlog.came_back(old)
    assert backlog.age(1, 211.0) == 111.0
    backlog.came_back(new)
    assert backlog.age(1, 211.0) == 0.0


def test_qos_0_is_fresh_after_one_round_trip_while_the_rest_is_not(tmp_path: Path) -> None:
    backlog = Backlog(100.0, tmp_path / "note")
    marker = backlog.began(200.0)
    assert backlog.age(0, 200.0) == 100.0
    backlog.round_trip()
    assert backlog.age(0, 201.0) == 0.0
    assert backlog.age(1, 201.0) == 101.0
    backlog.came_back(marker)
    assert not backlog.waiting


def test_without_a_marker_a_second_of_silence_ends_it(tmp_path: Path) -> None:
    backlog = Backlog(100.0, tmp_path / "note")
    backlog.began(200.0)
    backlog.second_passed(201.0)
    assert backlog.age(1, 201.5) == 101.5
    backlog.second_passed(202.0)
    assert backlog.age(1, 202.5) > 0
    backlog.second_passed(203.0)
    backlog.second_passed(204.0)
    assert backlog.age(1, 204.0) == 0.0


def test_without_a_marker_or_silence_a_minute_ends_it(tmp_path: Path) -> None:
    backlog = Backlog(100.0, tmp_path / "note")
    backlog.began(200.0)
    backlog.age(1, 200.0 + LONGEST)
    backlog.second_passed(200.0 + LONGEST + 1)
    assert backlog.age(1, 300.0) == 0.0


def test_the_last_moment_when_all_was_acknowledged_outlives_the_process(tmp_path: Path) -> None:
    backlog = Backlog(100.0, tmp_path / "note")
    backlog.up_to_date(1_000.0)
    again = Backlog(100.0, tmp_path / "note")
    again.began(1_010.0)
    assert again.age(1, 1_015.0) == 15.0
    again.up_to_date(1_016.0)
    assert again.age(1, 1_017.0) == 17.0


def test_a_folder_that_cannot_be_written_costs_only_the_note(tmp_path: Path) -> None:
    backlog = Backlog(100.0, tmp_path / "missing" / "note")
    backlog.up_to_date(1_000.0)
    backlog.began(1_010.0)
    assert backlog.age(1, 1_010.0) == 10.0
