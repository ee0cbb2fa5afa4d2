"""`hearth check` warns of devices that nobody knows, once some are known."""

from pathlib import Path

import pytest

from tests.cli.conftest import Hearth
from tests.gateway.fakes import Parts

PIPELINE = """
id: alarm
triggers: [{reading: {device: freezr, property: temperature, above: 5}}]
steps: []
"""
TOLD = "pipelines/alarm.yaml:3:31: warning: no device `freezr` is known yet"


@pytest.fixture
def misspelt(home: Path) -> Path:
    """A home with a pipeline that misspells a device."""
    (home / "pipelines" / "alarm.yaml").write_text(PIPELINE)
    return home


def test_while_none_is_known_nothing_is_told(hearth: Hearth, misspelt: Path) -> None:
    result = hearth("check", misspelt)
    assert (result.code, result.out) == (0, "")


def test_a_name_beside_those_of_the_settings_is_a_warning(hearth: Hearth, misspelt: Path) -> None:
    (misspelt / "devices.yaml").write_text("freezer: {key: 'zigbee2mqtt:0x1', aliases: [cold]}")
    result = hearth("check", misspelt)
    assert result.code == 0 and f"{TOLD}\n  hint: did you mean `freezer`?\n" in result.out
    alias = PIPELINE.replace("freezr", "cold")
    (misspelt / "pipelines" / "alarm.yaml").write_text(alias)
    assert hearth("check", misspelt).out == ""


def test_a_name_beside_those_that_have_reported_is_a_warning(
    hearth: Hearth, misspelt: Path, parts: Parts
) -> None:
    assert TOLD in hearth("check", misspelt).out


def test_wrong_settings_do_not_hide_the_rest(hearth: Hearth, misspelt: Path) -> None:
    (misspelt / "hearth.yaml").write_text("agnt: {}")
    (misspelt / "data").mkdir(exist_ok=True)
    (misspelt / "data" / "ledger.duckdb").touch()
    (misspelt / "devices.yaml").write_text("freezer: {key: 'zigbee2mqtt:0x1'}")
    result = hearth("check", misspelt)
    assert result.code == 1 and "unknown key `agnt`" in result.out and TOLD in result.out
