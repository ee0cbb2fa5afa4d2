"""`hearth check`: what is told about wrong files, as data in tests/cases/check."""

from pathlib import Path
from typing import Any

import pytest

from pipelines.check import check, load_home
from tests.pipelines.cases import cases
from tests.pipelines.conftest import MakeHome

CASES = cases("check")


@pytest.mark.parametrize("case", [case for _, case in CASES], ids=[name for name, _ in CASES])
def test_a_wrong_home_is_told_place_by_place(case: dict[str, Any], make_home: MakeHome) -> None:
    home = make_home(case["files"])
    known = case.get("known_devices")

    problems = check(home, known_devices=known, env=case.get("env"))

    assert [str(problem) for problem in problems] == case["problems"]


def test_one_bad_file_does_not_take_the_others_down(make_home: MakeHome) -> None:
    home = make_home(
        {
            "pipelines/bad.yaml": "id: [",
            "pipelines/good.yaml": "id: good\nsteps:\n  - delay: 1s\n",
            "pipelines/half.yaml": "- id: fine\n  steps: []\n- id: wrong\n  modus: single\n",
        }
    )

    loaded = load_home(home)

    assert [plan.id for plan in loaded.plans] == ["good", "fine"]
    assert loaded.bad == {"pipelines/bad.yaml", "pipelines/half.yaml"}


def test_only_the_files_asked_for_are_checked(make_home: MakeHome) -> None:
    home = make_home({"pipelines/a.yaml": "id: [", "pipelines/b.yaml": "id: B"})

    assert {problem.at.file for problem in check(home, [home / "pipelines/b.yaml"])} == {
        "pipelines/b.yaml"
    }


def test_a_path_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    [problem] = check(tmp_path, [tmp_path / "nothing.yaml"])

    assert problem.text == "there is no such file or folder"


def test_a_path_that_is_not_there_does_not_hide_the_others(make_home: MakeHome) -> None:
    home = make_home({"pipelines/a.yaml": "id: A"})

    problems = check(home, [home / "nothing.yaml", home / "pipelines/a.yaml"])

    assert [problem.at.file for problem in problems] == [
        str(home / "nothing.yaml"),
        "pipelines/a.yaml",
    ]


def test_other_files_are_checked_by_those_who_know_them(make_home: MakeHome) -> None:
    home = make_home({"profiles/mine.yaml": "a: 1\na: 2\n"})

    problems = check(
        home, checkers=[lambda home, reader: reader.load(home / "profiles/mine.yaml") or []]
    )

    assert [problem.text for problem in problems] == ["`a` stands here a second time"]


def test_a_secret_never_appears_in_a_problem(make_home: MakeHome) -> None:
    home = make_home(
        {
            "secrets.yaml": "level: hunter22\n",
            "hearth.yaml": "log: {level: !secret level}\n",
        }
    )

    [problem] = check(home)

    assert problem.text == "`level`: `•••` is none of `debug`, `info`, `warning`, `error`"
