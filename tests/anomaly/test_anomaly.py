"""A forecaster learns a sensor's days from the ledger, and tells what does not belong there."""

from __future__ import annotations

import asyncio
import json
import math
import random
from pathlib import Path
from typing import Any

import pytest

from edge_agent.anomaly.forecast import PAST, Forecast
from edge_agent.anomaly.learning import LEAST, blank, learn
from edge_agent.anomaly.series import interval_of, regular
from edge_agent.cli import main
from edge_agent.models.driver import Machine
from edge_agent.models.service import ModelService
from edge_agent.models.signing import Key, trusted_keys
from edge_agent.models.start import KEY
from schemas.model import NOBODY
from tests.ledger.made import NOON, change, event, ledger_at

STEP, DAY = 900.0, 86_400.0


def usual(at: float, rng: random.Random) -> float:
    """A room: warm in the afternoon, cool at night, a little noise."""
    return 20 + 2 * math.sin(math.tau * at / DAY) + rng.gauss(0, 0.1)


def past(days: int, rng: random.Random) -> list[float]:
    count = int(days * DAY / STEP)
    return [usual(NOON - (count - 1 - n) * STEP, rng) for n in range(count)]


@pytest.fixture(scope="module")
def model() -> Forecast:
    return learn(blank("lamp", "temperature", "", STEP), past(30, random.Random(1)), NOON)


def later(model: Forecast, *, off: float = 0.0) -> list[float]:
    """The scores of the next two days, each value that much off."""
    rng, values, found = random.Random(2), past(2, random.Random(1)), []
    for n in range(1, 192):
        at = NOON + n * STEP
        value = usual(at, rng)
        found.append(model.judge([*values[-PAST:], value + off], at).score)
        values.append(value)
    return found


def test_of_usual_values_as_many_are_above_a_score_as_it_says(model: Forecast) -> None:
    scores = later(model)
    assert sum(score > 0.9 for score in scores) / len(scores) < 0.2
    assert 0.3 < sum(scores) / len(scores) < 0.7


def test_a_value_that_does_not_belong_there_scores_highest(model: Forecast) -> None:
    assert min(later(model, off=1.0)) > 0.99
    assert min(later(model, off=-1.0)) > 0.99


def test_the_same_history_gives_the_same_model(model: Forecast) -> None:
    again = learn(blank("lamp", "temperature", "", STEP), past(30, random.Random(1)), NOON)
    assert again == model


def test_a_sensor_that_never_changed_has_no_usual_errors() -> None:
    flat = learn(blank("lamp", "temperature", "", STEP), [4.0] * 2000, NOON)
    assert flat.judge([4.0] * (PAST + 1), NOON).score == pytest.approx(0, abs=0.01)
    assert flat.judge([4.0] * PAST + [9.0], NOON).score > 0.99


def test_too_little_is_not_learnt_from() -> None:
    with pytest.raises(ValueError, match=f"at least {LEAST}"):
        learn(blank("lamp", "temperature", "", STEP), [1.0] * (LEAST - 1), NOON)


def test_a_silent_sensor_keeps_the_value_it_said_last() -> None:
    assert regular([{"ago": 3, "mean": 5.0}, {"ago": 1, "mean": 7.0}], 5) == [5, 5, 5, 7, 7]
    with pytest.raises(ValueError, match="nothing"):
        regular([], 5)


def test_the_interval_follows_how_often_a_sensor_speaks() -> None:
    assert [interval_of(gap) for gap in (1, 60, 61, 600, 86_400)] == [60, 60, 300, 900, 3600]


# ---------------------------------------------------------------------- from the ledger
@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home whose ledger knows the room's last twenty days."""
    (tmp_path / "hearth.yaml").write_text("agent: {name: cellar}\n")
    monkeypatch.setenv("HEARTH_HOME", str(tmp_path))
    (tmp_path / "data").mkdir()
    asyncio.run(_filled(tmp_path / "data"))
    return tmp_path


async def _filled(folder: Path) -> None:
    ledger, values = ledger_at(folder), past(20, random.Random(3))
    for n, value in enumerate(values):
        at = NOON - (len(values) - 1 - n) * STEP
        ledger.message(event(str(n), at), [change("temperature", value, at)])
    await ledger.close()


def train(*more: str) -> int:
    asked = ["--device=lamp", "--property=temperature", "--days=36500"]
    return main(["models", "train", "odd", *asked, *more])


async def judged(home: Path, value: float) -> dict[str, Any]:
    """What the model says when the sensor's next value is this one."""
    ledger = ledger_at(home / "data")
    at = NOON + STEP
    ledger.message(event("next", at), [change("temperature", value, at)])
    models = ModelService(home, {}, machine=Machine("generic"), keys=trusted_keys(Key(home / KEY)))
    try:
        return await models.judge("odd", ledger.query, at, NOBODY)
    finally:
        await models.close()
        await ledger.close()


def test_it_is_trained_on_the_ledger_listed_signed_and_judges(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train() == 0
    capsys.readouterr()
    assert main(["models", "list", "--json"]) == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert (listed["model"], listed["kind"], listed["problem"]) == ("odd", "anomaly", "")
    found = asyncio.run(judged(home, 30.0))
    assert found["value"] == 30.0 and 18 < found["expected"] < 22 and found["score"] > 0.99


def test_a_usual_value_is_judged_so(home: Path) -> None:
    assert train() == 0
    value = usual(NOON + STEP, random.Random(4))
    assert asyncio.run(judged(home, value))["score"] < 0.99


def test_a_changed_forecaster_is_not_believed(home: Path) -> None:
    assert train() == 0
    file = home / "models" / "odd" / "forecast.json"
    file.write_bytes(file.read_bytes().replace(b'"lamp"', b'"door"'))
    with pytest.raises(OSError, match="not the file that was signed"):
        asyncio.run(judged(home, 20.0))


def test_a_sensor_without_history_is_a_plain_mistake(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "train", "odd", "--device=nobody", "--property=temperature"]) == 1
    assert "0 readings are no history" in capsys.readouterr().err
    assert not (home / "models" / "odd").exists()


def test_it_can_be_tried(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train() == 0
    assert main(["models", "test", "odd"]) == 0
    assert "temperature of lamp" in capsys.readouterr().out
