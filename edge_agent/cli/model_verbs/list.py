"""List the models: which version is in force, for which processors, and how it does."""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from edge_agent.cli.group import verb
from edge_agent.cli.shell import Shell
from schemas.model_views import ModelView

COLUMNS = ("model", "version", "kind", "weights", "processors", "size", "licence", "state")
LIVE = ("queries/s", "p50", "p95", "tokens/s", "memory", "waiting")


class Listed(Struct, frozen=True):
    """One version of one model; `size` in bytes of all its files, `live` how the one in force does
    in the running agent."""

    model: str
    version: int
    active: bool
    kind: str
    quantization: str
    targets: list[str]
    size: int
    licence: str
    problem: str
    live: ModelView | None = None


@verb
def command(shell: Shell) -> None:
    """List the models: which version is in force, for which processors, and how it does.

    While the agent runs: requests a second, how long half of the answers and 19 of 20 took at
    most, generated tokens a second, of the last minute; memory, and requests that wait. A library
    that was damaged, or that nobody trusted has signed, is told; weights are read by `test`, and
    whenever a model is loaded.
    """
    live = _live(shell)
    found = [*_on_the_shelf(shell, live), *_others(shell, live)]
    shell.show(found, lambda: _table(shell, found))


def _live(shell: Shell) -> Mapping[str, ModelView]:
    from edge_agent.cli.agent import RunningAgent
    from edge_agent.cli.reach import answers

    path = shell.home / "data" / "agent.sock"
    views = RunningAgent(path).models() if answers(path) else ()
    return {view.name: view for view in views}


def _on_the_shelf(shell: Shell, live: Mapping[str, ModelView]) -> Iterator[Listed]:
    from edge_agent.models.driver import ModelError
    from edge_agent.models.libraries import check_libraries, read_manifest
    from edge_agent.models.shelf import Shelf
    from edge_agent.models.signing import Key, trusted_keys
    from edge_agent.models.start import KEY
    from schemas.model import Manifest

    shelf, keys = Shelf(shell.home), trusted_keys(Key(shell.home / KEY))
    for name in _shelved(shell):
        for version in shelf.versions(name):
            manifest, problem = Manifest(name=name), ""
            try:
                manifest = read_manifest(version.folder, keys)
                check_libraries(version.folder, manifest)
            except ModelError as error:
                problem = str(error)
            size = sum(p.stat().st_size for p in version.folder.rglob("*") if p.is_file())
            targets = [each.target for each in manifest.libraries]
            yield Listed(
                name, version.number, version.active, manifest.kind, manifest.quantization,
                targets, size, manifest.licence, problem,
                live.get(name) if version.active else None,
            )  # fmt: skip


def _others(shell: Shell, live: Mapping[str, ModelView]) -> Iterator[Listed]:
    """Those of the settings alone: on servers, exported ones, names that stand for others."""
    shelved = _shelved(shell)
    for name, settings in shell.settings.models.items():
        if name in shelved:
            continue
        chooses = "split" if settings.split else "route" if settings.first else settings.driver
        yield Listed(name, 0, True, chooses, "", [], 0, "", "", live.get(name))


def _shelved(shell: Shell) -> list[str]:
    """The names below `models/`, but for folders whose driver needs no manifest and has none."""
    from edge_agent.models.libraries import MANIFEST
    from edge_agent.models.shelf import Shelf

    plain = {name for name, each in shell.settings.models.items() if each.driver == "onnx"}
    return [
        name
        for name in Shelf(shell.home).names()
        if name not in plain or (shell.home / "models" / name / MANIFEST).exists()
    ]


def _table(shell: Shell, found: list[Listed]) -> None:
    if not found:
        shell.note("no models yet: hearth models compile DIR, or hearth models add DIR")
        return
    if any(each.live for each in found):
        shell.table((*COLUMNS, *LIVE), ([*_row(each), *_figures(each.live)] for each in found))
    else:
        shell.table(COLUMNS, map(_row, found))


def _row(each: Listed) -> tuple[Any, ...]:
    size = f"{each.size / 1e6:.1f} MB" if each.size else ""
    state = each.problem or ("in force" if each.active else "")
    return (
        each.model, str(each.version or ""), each.kind, each.quantization,
        " ".join(each.targets), size, each.licence, state,
    )  # fmt: skip


def _figures(view: ModelView | None) -> tuple[str, ...]:
    """How a model does; nothing where it was not asked."""
    if view is None or not view.requests:
        return ("",) * len(LIVE)
    return (
        f"{view.queries_per_second:.2f}",
        f"{view.p50_seconds * 1e3:.1f} ms",
        f"{view.p95_seconds * 1e3:.1f} ms",
        f"{view.tokens_per_second:.0f}" if view.tokens else "",
        f"{view.memory_bytes / 1e6:.0f} MB" if view.memory_bytes else "",
        str(view.waiting),
    )
