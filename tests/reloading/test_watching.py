"""Changes of files are noticed once they are complete; what cannot be seen is not gone."""

import asyncio
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from edge_agent.reloading import watching
from edge_agent.reloading.watching import Seen, pipeline_names, scan, watch
from tests.reloading.conftest import Site, pipeline


class NothingMore(Exception):
    """The end of a test."""


def _names(home: Path) -> set[str]:
    return set(scan(home))


def test_all_that_says_how_a_home_works_is_looked_at(tmp_path: Path) -> None:
    names = {
        "hearth.yaml", "devices.yaml", "secrets.yaml", "pipelines/a.yaml", "pipelines/deep/b.yml",
        "blueprints/c.yaml", "profiles/d.yaml",
    }  # fmt: skip
    for name in {*names, "other.yaml", "pipelines/.a.yaml.swp", "pipelines/.x.yaml", "data/e.yaml"}:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert _names(tmp_path) == names
    assert pipeline_names(scan(tmp_path)) == ["pipelines/a.yaml"]
    assert set(scan(tmp_path, ["data", "other.yaml"])) == {*names, "data/e.yaml", "other.yaml"}


def test_writing_renaming_and_touching_are_seen(tmp_path: Path) -> None:
    (tmp_path / "pipelines").mkdir()
    path = tmp_path / "pipelines" / "a.yaml"
    path.write_text("a", encoding="utf-8")
    first = scan(tmp_path)
    draft = path.with_name(".draft")
    draft.write_text("b", encoding="utf-8")
    draft.rename(path)
    assert scan(tmp_path) != first


async def test_a_burst_of_changes_is_one_reload(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "LOOK_EVERY", 0.0)
    monkeypatch.setattr(watching, "QUIET", 0.0)
    seen: list[Mapping[str, tuple[int, int, int]] | OSError] = [
        {}, {"a": (1, 1, 1)}, {"a": (2, 5, 1)}, OSError("away"), {"a": (2, 5, 1), "b": (3, 1, 2)},
        {"a": (2, 5, 1), "b": (3, 1, 2)}, OSError("away"), {"a": (2, 5, 1), "b": (3, 1, 2)},
    ]  # fmt: skip
    reloads: list[int] = []

    def look() -> Seen:
        if not seen:
            raise NothingMore
        now = seen.pop(0)
        if isinstance(now, OSError):
            raise now
        return now

    async def changed() -> None:
        reloads.append(len(seen))

    task = asyncio.create_task(watch(look, changed))
    with pytest.raises(NothingMore):
        await task
    assert reloads == [4, 2]


async def test_a_folder_that_is_away_takes_nothing_down(site: Site) -> None:
    site.write("pipelines/a.yaml", pipeline("a"))
    site.start()
    shutil.rmtree(site.home / "pipelines")
    with pytest.raises(OSError, match="is gone"):
        await site.reload()
    assert site.running() == {"a": "one"}
    site.write("pipelines/a.yaml", pipeline("a", "two"))
    await site.reload()
    assert site.running() == {"a": "two"}
