"""Random weights say anything; what a JSON Schema allows always comes out of them whole."""

import asyncio
import json
from typing import Any

import jsonschema

from edge_agent.models.drivers.tvm import TvmDriver
from schemas.model import ChatRequest
from tests.models.conftest import Made, llama, shared
from tests.models.test_driver import HELLO, driver
from tests.storms.scene import SOAK, report

__all__ = ["llama", "shared"]
COUNT, TOGETHER = 1000 if SOAK else 40, 8
LIGHT = {
    "type": "object",
    "properties": {"state": {"enum": ["on", "off"]}, "n": {"type": "integer"}},
    "required": ["state", "n"],
    "additionalProperties": False,
}
SCHEMAS: list[dict[str, Any]] = [
    LIGHT,
    {"type": "array", "items": LIGHT, "minItems": 1, "maxItems": 3},
    {
        "type": "object",
        "properties": {
            "text": {"type": "string"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "value": {"anyOf": [{"type": "number"}, {"type": "null"}]},
        },
        "required": ["text", "tags", "value"],
    },
    {"type": "string"},
]


async def test_every_answer_parses_and_follows_its_schema(llama: Made) -> None:
    tvm = driver(llama)
    try:
        for first in range(0, COUNT, TOGETHER):
            seeds = range(first, first + TOGETHER)
            answers = await asyncio.gather(*(answer(tvm, seed) for seed in seeds))
            for seed, text in zip(seeds, answers, strict=True):
                jsonschema.validate(json.loads(text), SCHEMAS[seed % len(SCHEMAS)])
    finally:
        await tvm.close()
    report(f"{COUNT} answers, all of them JSON of their schema")


async def answer(tvm: TvmDriver, seed: int) -> str:
    """One answer at a temperature that lets everything happen."""
    request = ChatRequest(
        messages=HELLO, schema=SCHEMAS[seed % len(SCHEMAS)], max_tokens=140, temperature=1.0,
        seed=seed,
    )  # fmt: skip
    return "".join([part.text async for part in tvm.chat(request)])
