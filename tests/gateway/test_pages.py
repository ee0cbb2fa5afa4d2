"""The pages, in a real browser."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

from edge_agent.gateway.live import PACE_SECONDS, Live
from schemas.run import RunRecord
from tests.gateway.conftest import Site


def dom(url: str, folder: Path) -> str:
    """What a page has become after its scripts ran."""
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu"]
    command += [f"--user-data-dir={folder}", "--virtual-time-budget=2000", "--dump-dom", url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout


async def live_for_a_moment(live: Live) -> None:
    """Tell the first client of one run, then end its stream: the browser waits for that."""
    while not live.followers:  # noqa: ASYNC110 (a browser gives no sign of its own)
        await asyncio.sleep(0.01)
    live.run(RunRecord(2, "motion-light", "v", 1, {"id": "dark"}, "completed", 0.0, 1.0))
    await asyncio.sleep(PACE_SECONDS)
    live.close()


def test_the_overview_shows_what_happens_pipelines_and_devices(site: Site, tmp_path: Path) -> None:
    site.begin(live_for_a_moment(site.parts.live))
    page = dom(site.url, tmp_path / "browser")
    assert "<b>motion-light</b>" in page
    assert "<b>freezer-alarm</b>" in page
    assert "temperature -18.5 °C" in page
    assert ">ready<" in page


def test_the_schema_page_lists_every_operation(site: Site, tmp_path: Path) -> None:
    page = dom(f"{site.url}/schema", tmp_path / "browser")
    assert "<code>/api/v1/pipelines/{pipeline}/run</code>" in page
    assert page.count("<details>") >= 20
