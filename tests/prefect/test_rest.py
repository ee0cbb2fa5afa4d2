"""How long the mirror leaves the machine to an agent that is at work."""

import pytest

from edge_agent.prefect.mirror import rest


@pytest.mark.parametrize(
    ("carried", "came", "seconds"),
    [
        pytest.param(500, 0, 0.0, id="an agent without work needs no rest"),
        pytest.param(500, 10, 6.0, id="beside a little work it is three times what carrying took"),
        pytest.param(600, 200, 2.0, id="beside more work less, so that more is carried than comes"),
        pytest.param(500, 500, 0.0, id="none when as much comes as is carried"),
    ],
)
def test_the_mirror_rests_beside_an_agent_at_work(carried: int, came: int, seconds: float) -> None:
    assert rest(2.0, carried=carried, came=came) == seconds
