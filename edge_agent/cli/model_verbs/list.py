"""List the models: which version is in force, for which processors, under which licence."""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from edge_agent.cli.group import verb
from edge_agent.cli.shell import Shell

COLUMNS = ("model", "version", "kind", "weights", "processors", "size", "licence", "state")


class Listed(Struct, frozen=True):
    """One version of one model; `size` in bytes of all its files."""

    model: str
    version: int
    active: bool
    kind: str
    quantization: str
    targets: list[str]
    size: int
    licence: str
    problem: str


@verb
def command(shell: Shell) -> None:
    """List the models: which version is in force, for which processors, under which licence."""
    found = [*_listed(shell)]
    shell.show(found, lambda: _table(shell, found))


def _listed(shell: Shell) -> Iterator[Listed]:
    from edge_agent.models.driver import ModelError
    from edge_agent.models.libraries import read_manifest
    from edge_agent.models.shelf import Shelf
    from edge_agent.models.signing import Key, trusted_keys
    from edge_agent.models.start import KEY
    from schemas.model import Manifest

    shelf, keys = Shelf(shell.home), trusted_keys(Key(shell.home / KEY))
    for name in shelf.names():
        for version in shelf.versions(name):
            manifest, problem = Manifest(name=name), ""
            try:
                manifest = read_manifest(version.folder, keys)
            except ModelError as error:
                problem = str(error)
            size = sum(p.stat().st_size for p in version.folder.rglob("*") if p.is_file())
            targets = [each.target for each in manifest.libraries]
            yield Listed(
                name, version.number, version.active, manifest.kind, manifest.quantization,
                targets, size, manifest.licence, problem,
            )  # fmt: skip
    for name, settings in shell.settings.models.items():
        if settings.url:
            yield Listed(name, 0, True, settings.driver, "", [], 0, "", "")


def _table(shell: Shell, found: list[Listed]) -> None:
    if not found:
        shell.note("no models yet: hearth models compile DIR, or hearth models add DIR")
        return
    shell.table(COLUMNS, map(_row, found))


def _row(each: Listed) -> tuple[Any, ...]:
    size = f"{each.size / 1e6:.1f} MB" if each.size else ""
    state = each.problem or ("in force" if each.active else "")
    return (
        each.model, str(each.version or ""), each.kind, each.quantization,
        " ".join(each.targets), size, each.licence, state,
    )  # fmt: skip
