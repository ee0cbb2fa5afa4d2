"""Why a pipeline did not run is answered by name: by the agent, and from the ledger alone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pipelines.source import Reader
from schemas.why import WhyNot
from tests.why.past_home import PastHome

CASES = Path(__file__).parents[1] / "cases" / "why"


def _cases() -> Iterator[Any]:
    for path in sorted(CASES.glob("*.yaml")):
        for case in Reader().load(path):
            yield pytest.param(case, id=f"{path.stem}: {case['name']}")


@pytest.mark.parametrize("case", list(_cases()))
def test_the_answer_names_the_reason(case: dict[str, Any], tmp_path: Path) -> None:
    live, alone = asyncio.run(_asked(case, tmp_path))
    _compare(live, case["why"])
    _compare(alone, case.get("alone", case["why"]))


async def _asked(case: dict[str, Any], folder: Path) -> tuple[WhyNot, WhyNot]:
    text = msgspec.json.encode({"id": "case", "steps": [], **case["pipeline"]}).decode()
    home = PastHome(folder, {"pipelines/case.yaml": text, **case.get("files", {})})
    try:
        for step in case["script"]:
            await home.play(step)
        at = case.get("at")
        return await home.why_not(at, live=True), await home.why_not(at, live=False)
    finally:
        await home.ledger.close()


def _compare(answer: WhyNot, wanted: dict[str, Any]) -> None:
    assert answer.reason == wanted["reason"], answer
    told = msgspec.json.encode(answer).decode()
    for part in wanted.get("says", []):
        assert part in answer.answer, answer.answer
    for part in wanted.get("tells", []):
        assert part in told, told
