"""Versions of models on disk: one is in force, the others wait beside it.

`models/NAME` is a link to `models/.versions/NAME/N`; switching it is one atomic rename, so whoever
loads the model sees one version or the other.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

VERSIONS = ".versions"
_MADE_BY = ".made-by-"


class Version(Struct, frozen=True):
    """One version of a model; `active`: the one in force."""

    number: int
    folder: Path
    active: bool


class Shelf:
    """The models of a home by name and version.

    Raises:
        LookupError: there is no such model, or no such version.
    """

    def __init__(self, home: Path) -> None:
        self._models = home / "models"

    def names(self) -> list[str]:
        """Every model that has a version in force or a staged one."""
        in_force = {path.name for path in self._models.glob("[!.]*") if path.is_dir()}
        staged = {path.parent.name for path in (self._models / VERSIONS).glob("*/[0-9]*")}
        return sorted(in_force | staged)

    def versions(self, name: str) -> list[Version]:
        """The versions of a model, oldest first."""
        link, kept = self._models / name, self._kept(name)
        active = link.resolve() if link.exists() else None
        folders = sorted((p for p in kept.glob("[0-9]*") if p.is_dir()), key=lambda p: int(p.name))
        found = [Version(int(p.name), p, p.resolve() == active) for p in folders]
        if active is not None and not any(each.active for each in found):
            found.append(Version(0, link, True))  # a folder that somebody put there by hand
        if not found:
            raise LookupError(f"there is no model `{name}`")
        return found

    def stage(self, name: str) -> Path:
        """An empty folder in which a version is made, which it is once it is kept; what somebody
        put there by hand becomes one. What makers that have died left there is cleared away."""
        self._adopt(name)
        for path in self._kept(name).glob(f"{_MADE_BY}*"):
            if not _is_at_work(int(path.name.removeprefix(_MADE_BY))):
                shutil.rmtree(path, ignore_errors=True)
        folder = self._kept(name) / f"{_MADE_BY}{os.getpid()}"
        folder.mkdir(parents=True)
        return folder

    def keep(self, name: str, folder: Path) -> int:
        """Make the next version of a staged folder; its number."""
        number = self._next(name)
        folder.rename(self._kept(name) / str(number))
        return number

    def _next(self, name: str) -> int:
        numbers = (int(path.name) for path in self._kept(name).glob("[0-9]*"))
        return max(numbers, default=0) + 1

    def discard(self, folder: Path) -> None:
        """Forget a version that did not become one."""
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):  # it has other versions
            folder.parent.rmdir()

    def promote(self, name: str, number: int | None = None) -> Version:
        """Put a version in force, the newest by default."""
        versions = {each.number: each for each in self.versions(name)}
        chosen = max(versions) if number is None else number
        if chosen not in versions:
            had = ", ".join(str(each) for each in sorted(versions))
            raise LookupError(f"`{name}` has no version {chosen} (it has: {had})")
        self._point(name, versions[chosen].folder)
        return versions[chosen]

    def rollback(self, name: str) -> Version:
        """Put the version before the one in force back."""
        numbers = [each.number for each in self.versions(name)]
        active = next((each.number for each in self.versions(name) if each.active), 0)
        before = [number for number in numbers if number < active]
        if not before:
            raise LookupError(f"`{name}` has no version before the one in force")
        return self.promote(name, before[-1])

    def remove(self, name: str) -> None:
        """Forget a model with all its versions."""
        self.versions(name)
        link = self._models / name
        if link.is_symlink():
            link.unlink()
        elif link.exists():
            shutil.rmtree(link)
        shutil.rmtree(self._kept(name), ignore_errors=True)

    def _kept(self, name: str) -> Path:
        if not name or name.startswith(".") or "/" in name or os.sep in name:
            raise LookupError(f"`{name}` is no name of a model")
        return self._models / VERSIONS / name

    def _adopt(self, name: str) -> None:
        """Make a version of a folder that was put there by hand; it stays in force."""
        link = self._models / name
        if link.is_symlink() or not link.is_dir():
            return
        kept = self._kept(name)
        kept.mkdir(parents=True, exist_ok=True)
        version = kept / str(self._next(name))
        link.rename(version)
        self._point(name, version)

    def _point(self, name: str, folder: Path) -> None:
        link = self._models / name
        if folder == link:
            return
        self._adopt(name)
        fresh = link.with_name(f".{name}.new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(os.path.relpath(folder, link.parent))
        fresh.replace(link)


def _is_at_work(pid: int) -> bool:
    """Whether another process is; our own has nothing under way."""
    if pid == os.getpid():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # somebody else's
    return True
