"""How long the embedded server keeps runs: what is older is deleted from its database."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from edge_agent.prefect.api import PrefectApi
from schemas.identity import text_id, unique_id
from schemas.kept_run import kept
from schemas.run import RunRecord
from tests.prefect.scene import Scene, Shown, bulk, until_true
from tests.prefect.servers import prefect_server

AN_HOUR = 3_601.0  # the shortest that Prefect knows
TWO_STEPS = """
id: {pipeline}
mode: parallel
triggers: [{{mqtt: {{topic: in}}}}]
steps: [{{publish: {{topic: out}}}}, {{log: done}}]
"""


async def test_runs_older_than_keep_are_deleted_with_their_steps_and_lines(
    tmp_path: Path, tables: Path
) -> None:
    scene = Scene(tmp_path, "kept-an-hour", TWO_STEPS)
    await scene.events(3)
    recent = await scene.runs()
    old = [_earlier(record) for record in recent]
    with prefect_server(tmp_path, tables=tables) as server:
        api = PrefectApi(server.api)
        shown = Shown(api, "kept-an-hour")
        await bulk(api).write([kept(record) for record in (*recent, *old)], {})
        assert await shown.count() == 6 and len(await shown.task_runs()) == 12
        server.kill()
        server.launch = replace(server.launch, keep=AN_HOUR)
        server.start()  # it looks when it starts, and every hour

        async def only_recent() -> bool:
            lines = await shown.logs(*(text_id(record.id) for record in old))
            return await shown.count() == 3 and not lines

        await until_true(only_recent)
        ids = {text_id(record.id) for record in recent}
        assert {run["id"] for run in await shown.flow_runs()} == ids
        assert {task["flow_run_id"] for task in await shown.task_runs()} == ids
        assert len(await shown.logs(*ids)) == 6
        await api.close()
    await scene.ledger.close()


def _earlier(record: RunRecord) -> RunRecord:
    """Such a run of two hours ago."""
    assert record.finished is not None
    started, finished = record.started - 7_200, record.finished - 7_200
    return replace(record, id=unique_id(), started=started, finished=finished)
