"""What the language costs: expressions as they run, pipelines as they are compiled.

Run as `python -m tests.benchmarks.bench_language [PIPELINES]`.
"""

# ruff: noqa: T201
from __future__ import annotations

import sys
import tempfile
import time
import timeit
from functools import partial
from pathlib import Path

import flows.conditions
import flows.steps
import flows.triggers
from pipelines import registry
from pipelines.check import load_home
from pipelines.expression import Careful
from tests.pipelines.scopes import KNOWN, expressions, scope

_EXPRESSIONS = [
    "{{ trigger.payload.temperature > 20 and trigger.payload.battery > 10 }}",
    "{{ trigger.payload.humidity | default(40) }}",
    "{{ reading('lux', 'illuminance') < 10 and not quiet }}",
    "Last 2 h: {{ steps.trend.rows[0].lo }} to {{ steps.trend.rows[0].hi | round(1) }} °C",
    "{{ trigger.payload.state.lower() in ['on', 'off'] }}",
    "{% for item in trigger.payload['items'] %}{{ item }}{% endfor %}",
]
_PIPELINE = """id: p{number}
triggers:
  - mqtt: {{topic: zigbee2mqtt/sensor_{number}}}
    if: "{{{{ trigger.payload.temperature > {number} }}}}"
steps:
  - publish:
      topic: fan/{number}
      payload: {{t: "{{{{ trigger.payload.temperature + {number} }}}}"}}
  - log: "fan {number} {{{{ trigger.topic }}}}"
"""


def expressions_run() -> None:
    """Microseconds an evaluation, ours and Jinja's."""
    language, at = expressions(), scope()
    for text in _EXPRESSIONS:
        ours, by_jinja = language.compile(text, KNOWN)[0], Careful(language.sandbox, text)
        cost = [
            min(timeit.repeat(partial(each, at), number=2000, repeat=3)) / 2000 * 1e6
            for each in (ours, by_jinja)
        ]
        print(f"{cost[0]:8.2f} µs   Jinja {cost[1]:6.2f} µs   {text}")


def homes_compile(pipelines: int) -> None:
    """CPU seconds from files to Plans."""
    registry.load(flows.triggers, flows.conditions, flows.steps)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "pipelines").mkdir()
        for number in range(pipelines):
            text = _PIPELINE.format(number=number)
            (Path(folder) / "pipelines" / f"p{number}.yaml").write_text(text)
        begun = time.process_time()
        loaded = load_home(Path(folder))
        print(f"{time.process_time() - begun:8.2f} s    {len(loaded.plans)} pipelines compiled")


if __name__ == "__main__":
    expressions_run()
    homes_compile(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
