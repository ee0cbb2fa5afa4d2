"""The agent's link to Prefect: how it does is told to those who ask."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from edge_agent.cli.checkup import linked
from edge_agent.prefect.lasting import Lasting
from edge_agent.prefect.link import PrefectLink
from schemas.settings import AgentSettings, PrefectSettings, Settings
from tests.prefect.scene import Scene, until
from tests.prefect.servers import PrefectServer
from tests.servers import free_port


@asynccontextmanager
async def link_to(scene: Scene, folder: Path, server: str) -> AsyncIterator[PrefectLink]:
    """The link of an agent that has this server in its settings."""
    settings = Settings(
        agent=AgentSettings(name=f"at-{scene.pipeline}"), prefect=PrefectSettings(server=server)
    )
    link = PrefectLink(settings, folder, scene.ledger, scene.engine)
    link.prepare()
    link.start({})
    try:
        yield link
    finally:
        await link.stop()
        await scene.ledger.close()


async def test_a_link_that_works_tells_which_way_runs_go(
    tmp_path: Path, prefect: PrefectServer
) -> None:
    scene = Scene(tmp_path, "linked")
    async with link_to(scene, tmp_path, prefect.api) as link:
        assert "no run has gone there yet" in linked(link.figures()).text
        await scene.events(3)
        await until(lambda: link.figures().way == "bulk")
        await until(lambda: not link.figures().waiting)
        finding = linked(link.figures())
    assert finding.state == "good" and link.waiting == {"prefect": 0}
    assert finding.text == f"{prefect.api} answers the agent; runs go there in bulk; nothing waits"


async def test_a_link_that_does_not_work_tells_why_and_what_waits(tmp_path: Path) -> None:
    scene, url = Scene(tmp_path, "cut-off"), f"http://127.0.0.1:{free_port()}/api"
    await scene.events(3)
    async with link_to(scene, tmp_path, url) as link:
        await until(lambda: bool(link.problem and link.waiting))
        finding = linked(link.figures())
        assert link.waiting["prefect"] > 3
    assert finding.state == "bad" and finding.text.startswith(f"{url}: ")
    assert "ledger rows wait" in finding.text and "hearth.yaml" in finding.hint


async def test_a_server_that_cannot_be_started_is_told_and_started_once_it_can(
    tmp_path: Path, tables: Path
) -> None:
    scene, data = Scene(tmp_path, "unstarted"), tmp_path / "data" / "prefect"
    data.parent.mkdir(exist_ok=True)
    data.write_text("somebody's note, where a folder should be")
    async with link_to(scene, tmp_path, "embedded") as link:
        await until(lambda: "File exists" in link.problem)
        data.unlink()
        data.mkdir()
        shutil.copy(tables, data)
        await scene.events(1)
        await until(lambda: link.figures().way == "bulk")
        assert not link.problem


async def test_work_that_fails_is_told_with_its_cause_and_begun_again() -> None:
    lasting, tries, again = Lasting(first_pause=0.001), [], asyncio.Event()

    async def work() -> None:
        tries.append(lasting.problem)
        if len(tries) == 3:
            again.set()
            await asyncio.Event().wait()
        async with asyncio.TaskGroup() as group:
            group.create_task(fail())

    async def fail() -> None:
        raise ZeroDivisionError("by zero")

    problems: list[str] = []
    keeping = asyncio.create_task(lasting.keep("counting", work))
    while not again.is_set():
        problems.append(lasting.problem)
        await asyncio.sleep(0)
    assert "counting: by zero" in problems and tries == ["", "", ""] and not lasting.problem
    keeping.cancel()
