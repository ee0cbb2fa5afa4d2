"""Versions of models: staged, put in force, taken back, removed."""

import os
import subprocess
from pathlib import Path

import pytest

from edge_agent.models.shelf import Shelf


def staged(shelf: Shelf, name: str, text: str) -> None:
    folder = shelf.stage(name)
    (folder / "what").write_text(text)
    shelf.keep(name, folder)


def in_force(home: Path) -> str:
    return (home / "models" / "tiny" / "what").read_text()


def test_a_staged_version_is_in_force_once_it_is_promoted(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    staged(shelf, "tiny", "one")
    assert not (tmp_path / "models" / "tiny").exists()
    assert shelf.promote("tiny").number == 1
    staged(shelf, "tiny", "two")
    assert in_force(tmp_path) == "one"
    shelf.promote("tiny")
    assert in_force(tmp_path) == "two"
    assert [(each.number, each.active) for each in shelf.versions("tiny")] == [
        (1, False),
        (2, True),
    ]
    assert shelf.names() == ["tiny"]


def test_rollback_goes_one_back_and_no_further_than_the_first(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    for text in ("one", "two"):
        staged(shelf, "tiny", text)
        shelf.promote("tiny")
    shelf.rollback("tiny")
    assert in_force(tmp_path) == "one"
    with pytest.raises(LookupError, match="no version before"):
        shelf.rollback("tiny")


def test_a_folder_put_there_by_hand_becomes_a_version(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    (tmp_path / "models" / "tiny").mkdir(parents=True)
    (tmp_path / "models" / "tiny" / "what").write_text("by hand")
    assert [(each.number, each.active) for each in shelf.versions("tiny")] == [(0, True)]
    staged(shelf, "tiny", "two")
    assert [(each.number, each.active) for each in shelf.versions("tiny")] == [
        (1, True),
        (2, False),
    ]
    assert in_force(tmp_path) == "by hand"
    shelf.promote("tiny")
    assert in_force(tmp_path) == "two"
    shelf.rollback("tiny")
    assert in_force(tmp_path) == "by hand"


def test_a_version_that_did_not_become_one_leaves_nothing(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.discard(shelf.stage("tiny"))
    assert not list((tmp_path / "models" / ".versions").iterdir())
    staged(shelf, "tiny", "one")
    shelf.discard(shelf.stage("tiny"))
    assert [each.number for each in shelf.versions("tiny")] == [1]


def test_what_is_not_there_is_told_with_what_is(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    staged(shelf, "tiny", "one")
    with pytest.raises(LookupError, match=r"no version 7 \(it has: 1\)"):
        shelf.promote("tiny", 7)
    with pytest.raises(LookupError, match="no model `small`"):
        shelf.versions("small")
    with pytest.raises(LookupError, match="no name"):
        shelf.stage("../out")


def test_a_removed_model_is_gone_with_all_versions(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    staged(shelf, "tiny", "one")
    shelf.promote("tiny")
    shelf.remove("tiny")
    assert shelf.names() == []


def test_what_a_killed_maker_left_is_no_version_and_is_cleared_away(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    staged(shelf, "tiny", "one")
    half = shelf.stage("tiny")
    with subprocess.Popen(["true"]) as died:
        left = half.rename(half.with_name(f".made-by-{died.pid}"))
    assert [each.number for each in shelf.versions("tiny")] == [1]
    assert shelf.promote("tiny").number == 1
    shelf.discard(shelf.stage("tiny"))
    assert not left.exists() and in_force(tmp_path) == "one"


def test_another_maker_at_work_is_left_alone(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    half = shelf.stage("tiny")
    other = half.rename(half.with_name(f".made-by-{os.getppid()}"))
    staged(shelf, "tiny", "one")
    assert other.exists() and shelf.keep("tiny", other) == 2
