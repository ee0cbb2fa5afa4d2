"""A real agent at a real broker that hears every topic, and what it then knows of its devices."""

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.storms.scene import Agent, hearth

SETTINGS = """
agent: {{name: storm}}
mqtt: {{host: 127.0.0.1, port: {port}, discover: true}}
gateway: {{port: 0}}
"""


class Listener(Agent):
    """`hearth up` with `mqtt: {discover: true}`; `settings` are further lines of hearth.yaml."""

    def __init__(self, home: Path, port: int, settings: str = SETTINGS) -> None:
        super().__init__(home, port)
        (home / "hearth.yaml").write_text(settings.format(port=port), encoding="utf-8")

    def pipeline(self, text: str) -> None:
        """Add a pipeline."""
        (self.home / "pipelines" / "more.yaml").write_text(text, encoding="utf-8")

    def ask(self, *arguments: str) -> Any:
        """What a verb of the command line answers, as JSON."""
        line = hearth(*arguments, "--json", home=self.home)
        done = subprocess.run(line, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout)

    def recorded(self) -> dict[str, int]:
        """How many messages the ledger holds of each topic; the agent is stopped."""
        counts = "select source, count(*) as n from events where channel = 'mqtt' group by source"
        text = self.query(f"select to_json(list({{t: source, n: n}})) as t from ({counts})")[0]["t"]
        rows = json.loads(text) if isinstance(text, str) else text
        return {row["t"]: row["n"] for row in rows}

    def undecided(self) -> set[tuple[str, str, str | None]]:
        """The values that were told in several ways: the last one counts; the agent is stopped."""
        told = (
            "select device_key as d, property as p, instance as i from readings group by all"
            " having count(distinct coalesce(cast(value as varchar), text)) > 1"
        )
        text = self.query(f"select to_json(list({{d: d, p: p, i: i}})) as t from ({told})")[0]["t"]
        rows = (json.loads(text) if isinstance(text, str) else text) or []
        return {(row["d"], row["p"], row["i"]) for row in rows}
