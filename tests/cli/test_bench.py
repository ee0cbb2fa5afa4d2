"""`hearth bench`: an agent of its own, measured."""

import json

from tests.cli.conftest import Hearth


def test_a_short_bench_measures_everything_and_loses_nothing(hearth: Hearth) -> None:
    result = hearth("bench", "--for", "300ms", "--json")
    assert result.code == 0, result.err
    figures = {figure["what"]: figure["value"] for figure in json.loads(result.out)}
    assert figures["QoS 0: lost"] == figures["QoS 1: lost"] == 0
    assert figures["start to first action"] > 0 and figures["memory, idle"] > 0
    assert figures["QoS 1, closed loop"] > 0 and figures["QoS 1, closed loop: CPU"] >= 0
