"""Boards are recognised by what /proc tells, and bring their limits."""

from pathlib import Path
from typing import Any, get_args

import pytest

from edge_agent.board import fit, limited, load_boards, machine
from edge_agent.cli import checkup
from pipelines.settings import load_settings
from pipelines.source import Reader
from schemas.settings import AgentSettings, BoardName, LedgerSettings, Settings

CASES = Reader().load(Path(__file__).parents[1] / "cases" / "boards.yaml")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_board_is_recognised(case: dict[str, Any], tmp_path: Path) -> None:
    proc = tmp_path / "proc"
    (proc / "device-tree").mkdir(parents=True)
    for key, place in (("model", "device-tree/model"), ("cpuinfo", ""), ("meminfo", "")):
        if key in case:
            (proc / (place or key)).write_text(case[key], encoding="utf-8")
    here = machine(tmp_path, case["machine"])
    found, expected = fit(here, case.get("chosen")), case["expect"]
    assert (found.board.board, found.cpu) == (expected["board"], expected["cpu"])
    assert (found.budget, found.platform) == (expected["budget"], expected["platform"])
    settings = Settings(agent=AgentSettings(board=case.get("chosen")))
    assert limited(settings, here).ledger.memory == expected["memory"]


def test_what_the_user_set_is_not_touched() -> None:
    own = Settings(ledger=LedgerSettings(memory="99MB"))
    filled = limited(own).ledger
    assert filled.memory == "99MB" and filled.max_size


def test_every_board_can_be_chosen() -> None:
    assert sorted(board.board for board in load_boards()) == sorted(get_args(BoardName))


def test_doctor_shows_the_board() -> None:
    (finding,) = checkup.board(Settings(agent=AgentSettings(board="pi-4")))
    assert finding.state == "good"
    assert "Raspberry Pi 4 (pi-4, chosen): CPU cortex-a72" in finding.text


def test_an_unknown_board_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "hearth.yaml").write_text("agent: {board: pi-6}\n", encoding="utf-8")
    (problem,) = load_settings(tmp_path, {})[1]
    assert "pi-6" in f"{problem.text} {problem.hint}" and "pi-5" in f"{problem.text}{problem.hint}"
