"""Whether an agent answers in a home."""

from pathlib import Path

import pytest

from edge_agent.cli.problems import Outside
from edge_agent.cli.reach import answers
from edge_agent.gateway.listening import bind_socket
from tests.disks import as_somebody_else


def test_an_agent_answers_until_it_ends(tmp_path: Path) -> None:
    path = tmp_path / "agent.sock"
    assert not answers(path)
    with bind_socket(path):
        assert answers(path)
    assert not answers(path)


def test_an_agent_of_another_user_is_no_agent_that_does_not_run(tmp_path: Path) -> None:
    path = tmp_path / "agent.sock"
    told = "permission denied; call this as the user who runs the agent"
    with bind_socket(path), as_somebody_else(), pytest.raises(Outside, match=told):
        answers(path)
