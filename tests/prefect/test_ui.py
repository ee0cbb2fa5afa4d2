"""Prefect's own pages in a browser: what a person sees and can do there."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.prefect.browser import chromium
from tests.prefect.scene import Shown, until_true
from tests.prefect.servers import PrefectServer
from tests.prefect.test_asked import asked


async def test_runs_are_seen_started_from_the_form_and_cancelled_in_the_browser(
    tmp_path: Path, prefect: PrefectServer
) -> None:
    pages = prefect.api.removesuffix("/api")
    async with asked(tmp_path, prefect, "by-hand") as home:
        first = await home.run(name="Ada")
        await home.until_state(first, "Completed")
        with chromium(tmp_path) as browser:
            do = asyncio.to_thread
            await do(browser.go, f"{pages}/runs")
            await do(browser.shows, "by-hand", "Completed")
            await do(browser.go, f"{pages}/runs/flow-run/{first}")
            await do(browser.shows, "hello Ada", "by-hand", "2 Task runs", "room:cellar")
            await do(browser.go, f"{pages}/deployments/deployment/{home.deployment}/run")
            await do(browser.shows, "Seconds to wait.", "wait (Optional)", "name")
            await do(browser.fill, "0", "50")
            await do(browser.fill, "", "Bob")
            await do(browser.press, "Submit")
            second = await _another(first, home.shown)
            await home.until_state(second, "Running")
            await do(browser.go, f"{pages}/runs/flow-run/{second}")
            await do(browser.press, "Cancel")
            await do(browser.press, "Confirm")
            run = await home.until_state(second, "Cancelled")
            assert run["parameters"] == {"wait": 50, "name": "Bob"}


async def _another(known: str, shown: Shown) -> str:
    """The id of the run that has come beside the known one."""
    found: list[str] = []

    async def there() -> bool:
        found[:] = [run["id"] for run in await shown.flow_runs() if run["id"] != known]
        return bool(found)

    await until_true(there)
    return found[0]
