"""The demo's home: made anew for every demo from the files in `home/`."""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

FILES = Path(__file__).parent / "home"
MARK = ".hearth-demo"


def make_home(chosen: Path | None, held: Callable[[Path], bool], time_zone: str) -> Path:
    """A fresh home with the sample pipelines: at the chosen place, else in the user's cache.

    A demo that still runs keeps its home (`held` tells); this one then gets another.

    Raises:
        FileExistsError: the chosen place holds something else.
    """
    home = chosen or _cache() / "hearthflow" / "demo"
    if chosen is None and held(home):
        home = Path(tempfile.mkdtemp(prefix="hearth-demo-"))
    if home.exists() and any(home.iterdir()):
        if not (home / MARK).exists():
            raise FileExistsError(f"{home} is not empty and no demo's home")
        shutil.rmtree(home)
    shutil.copytree(FILES, home, dirs_exist_ok=True)
    settings = home / "hearth.yaml"
    settings.write_text(settings.read_text().replace("time_zone: UTC", f"time_zone: {time_zone}"))
    (home / MARK).touch()
    return home


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
