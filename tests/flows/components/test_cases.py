"""Every component does what its cases say, in the real engine on a virtual clock.

A case is a trigger (`fires`, `silent`), a condition (`holds`, `fails`; `ask: X` then `yes` or
`no`) or steps (`go: X`, `failed: ERROR`) with the script of a pipeline test around it, or with the
`problems` it must be refused with; `others` are pipelines beside it.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from flows.rehearsal import BERLIN
from pipelines import nowhere
from pipelines.source import Reader
from tests.flows.rehearsing import compiled_text, read, rehearse

CASES = Path(__file__).parents[2] / "cases"
KINDS = ("triggers", "conditions", "steps")


def _cases() -> Iterator[Any]:
    for kind in KINDS:
        for path in sorted((CASES / kind).glob("*.yaml")):
            for case in Reader().load(path):
                yield pytest.param(case, id=f"{kind}/{path.stem}: {case['name']}")


@pytest.mark.parametrize("case", list(_cases()))
def test_a_component_does_what_its_case_says(case: dict[str, Any]) -> None:
    pipelines = [_pipeline(case), *case.get("others", [])]
    text = msgspec.json.encode(pipelines).decode()
    _, problems = compiled_text(text, nowhere.ports(BERLIN))
    told = [str(problem) for problem in problems]
    wanted = case.get("problems", [])
    assert len(told) == len(wanted), told
    assert all(any(part in line for line in told) for part in wanted), told
    if wanted:
        return
    scene = rehearse(_script(case), lambda ports: compiled_text(text, ports)[0])
    if "sent" in case:
        assert case["sent"] == [
            [
                m.topic,
                m.payload if isinstance(m.payload, str) else m.payload.decode(),
                m.qos,
                m.retain,
            ]
            for m in scene.broker.sent
        ]
    if "asked" in case:
        asked = [[sql, {k: _plain(v) for k, v in p.items()}] for sql, p in scene.outside.queries]
        assert case["asked"] == asked


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float) else str(value)


def _pipeline(case: dict[str, Any]) -> dict[str, Any]:
    trigger: Any = {"mqtt": "go"}
    if "trigger" in case:
        trigger = case["trigger"]
        steps = [{"publish": {"topic": "fired", "payload": case.get("tells", "")}}]
    elif "condition" in case:
        steps = [{"if": case["condition"], "publish": {"topic": "answer"}}]
    else:
        steps = case["steps"]
    return {
        "id": "case",
        "mode": "parallel",
        "triggers": [trigger],
        "steps": steps,
        **case.get("pipeline", {}),
    }


def _script(case: dict[str, Any]) -> Any:
    script = [step for each in case["script"] for step in _spelled_out(each)]
    kept: dict[str, Any] = {key: case[key] for key in ("name", "given", "stub") if key in case}
    return read({**kept, "script": script})


def _spelled_out(step: Any) -> list[Any]:
    kind, value = (step, "") if isinstance(step, str) else next(iter(step.items()))
    go: dict[str, Any] = {"publish": {"topic": "go", "payload": value}}
    yes, nothing = {"expect": {"publish": "answer"}}, {"expect": "nothing"}
    failed = {"expect": {"run": "case", "state": "failed", "error": value}}
    words: dict[str, list[Any]] = {
        "fires": [{"expect": {"publish": "fired", "payload": value}}],
        "silent": [nothing],
        "go": [go],
        "failed": [failed],
        "ask": [go],
        "yes": [yes],
        "no": [nothing],
        "holds": [go, yes],
        "fails": [go, nothing],
    }
    return words.get(kind, [step])
