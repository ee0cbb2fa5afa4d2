"""A run is told as its case says: a tree of steps with every value."""

import asyncio
import re
from pathlib import Path
from typing import Any

import click
import msgspec
import pytest

from edge_agent.cli.shell import Shell
from edge_agent.cli.trace_text import TraceText
from edge_agent.views.traces import started_by, trace_of
from pipelines.source import Reader
from schemas.traces import Trace
from tests.flows.rehearsing import Rehearsed

CASES = Path(__file__).parents[1] / "cases" / "trace"
BARE = re.compile(r"[\s│├└─]+")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _cases() -> list[Any]:
    return [
        pytest.param(case, id=f"{path.stem}: {case['name']}")
        for path in sorted(CASES.glob("*.yaml"))
        for case in Reader().load(path)
    ]


@pytest.mark.parametrize("case", _cases())
def test_a_run_is_told_as_its_case_says(case: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "hearth.yaml").write_text("agent: {time_zone: Europe/Berlin}")
    played = asyncio.run(_played(case))
    *_, record = played.ledger.runs.values()
    internal = [each for each in played.ledger.events if each.channel != "mqtt"]
    event = next((each for each in internal if each.id == record.event), None)
    shell = Shell(home=tmp_path, json=False, verbose=False)
    children = [played.ledger.runs[run] for run in started_by(record) if run in played.ledger.runs]
    trace = trace_of(record, event, children)
    wide, narrow = (_told(shell, trace, width=width) for width in (80, 40))
    plain = UUID.sub("ID", wide)
    assert plain == case["trace"].strip()
    assert max(map(len, plain.splitlines())) <= 80
    assert BARE.sub("", narrow) == BARE.sub("", wide)


def _told(shell: Shell, trace: Trace, *, width: int) -> str:
    return click.unstyle("\n".join(TraceText(shell, width=width).lines(trace)))


async def _played(case: dict[str, Any]) -> Rehearsed:
    text = msgspec.json.encode(case["pipeline"]).decode()
    played = Rehearsed(text, **{k: case[k] for k in ("given", "stub") if k in case})
    return await played.play(*case["script"])
