"""A secret in a pipeline is in no answer to why it did not run."""

import asyncio
from pathlib import Path

import msgspec

from edge_agent.views.history import HistoryView
from tests.why.past_home import PastHome

SECRET = "hunter22"
PIPELINE = """
id: case
inputs: {word: {type: text, default: !secret word}}
triggers:
  - mqtt: {topic: door, payload: !secret word}
  - mqtt: {topic: gate}
    if: "{{ trigger.payload == inputs.word }}"
conditions:
  - memory: {key: word, is: !secret word}
  - "{{ memory('word') == inputs.word }}"
steps:
  - http: {url: "https://x.example/", headers: {authorization: !secret word}}
"""


TRACED = """
id: case
inputs: {word: {type: text, default: !secret word}}
triggers: [{mqtt: go}]
steps:
  - publish: {topic: out, payload: {word: "{{ inputs.word }}"}}
  - if: {memory: {key: word, is: !secret word}}
    log: never
  - choose:
      branches:
        - if: "{{ inputs.word == 'hunter22' }}"
          steps: [{log: "it is {{ inputs.word }}"}]
  - http: {url: "https://x.example/", headers: {authorization: !secret word}}
    on_error: continue
  - sql: {query: select 1, params: {word: !secret word}}
"""


async def _traced(folder: Path) -> str:
    home = PastHome(folder, {"secrets.yaml": f"word: {SECRET}", "pipelines/case.yaml": TRACED})
    try:
        await home.play({"publish": {"topic": "go"}})
        (run,) = await home.ledger.runs(pipeline="case")
        trace = await HistoryView(home.ledger).trace(run.id)
    finally:
        await home.ledger.close()
    return msgspec.json.encode(trace).decode()


async def _told(folder: Path) -> str:
    files = {"secrets.yaml": f"word: {SECRET}", "pipelines/case.yaml": PIPELINE}
    home = PastHome(folder, files)
    told = []
    try:
        for step in (
            {"publish": {"topic": "door", "payload": "wrong"}},
            {"publish": {"topic": "gate", "payload": f"{SECRET}?"}},
            {"publish": {"topic": "door", "payload": SECRET}},
            {"remember": {"word": f"{SECRET}!"}},
            {"publish": {"topic": "gate", "payload": SECRET}},
        ):
            await home.play(step)
            told += [await home.why_not(None, live=live) for live in (True, False)]
    finally:
        await home.ledger.close()
    return msgspec.json.encode(told).decode()


def test_no_trace_holds_a_secret(tmp_path: Path) -> None:
    told = asyncio.run(_traced(tmp_path))
    for place in ("authorization", "unmet", "asked", "params", "it is •••"):
        assert place in told
    assert told.count("•••") > 6
    assert SECRET not in told


def test_no_answer_holds_a_secret(tmp_path: Path) -> None:
    told = asyncio.run(_told(tmp_path))
    assert "conditions" in told and "payload" in told and "•••" in told
    assert SECRET not in told
