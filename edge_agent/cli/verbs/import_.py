"""Make pipelines of Home Assistant's automations, scripts and scenes."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edge_agent.cli.group import verb
from edge_agent.cli.problems import tell
from edge_agent.cli.shell import Shell
from schemas.problem import UserError

if TYPE_CHECKING:
    from pipelines.importers.home_assistant.entities import Table
    from pipelines.importers.home_assistant.house import Import
    from pipelines.importers.home_assistant.keeping import Kept

WORDS = {
    "new": "written", "renewed": "written again", "same": "unchanged",
    "kept": "left alone: you have changed it (--force)",
    "taken": "left out: another file has a pipeline of this id",
}  # fmt: skip
PLANNED = WORDS | {"new": "would be written", "renewed": "would be written again"}


@verb
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path), metavar="FILE…"
)
@click.option("-o", "--output", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
              help="Where to write; `pipelines/` of the home by default.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Write nothing; tell what would come of it.")
@click.option("--force", is_flag=True, help="Write over pipelines that you have changed too.")
def command(
    shell: Shell, files: tuple[Path, ...], output: Path | None, dry_run: bool, force: bool
) -> int:
    """Make pipelines of Home Assistant's automations, scripts and scenes.

    FILE is automations.yaml, scripts.yaml, scenes.yaml, a package, configuration.yaml or a folder
    of these. Each automation becomes a file of its own; what has no equivalent stands in it as a
    comment, with the reason. `home_assistant.yaml` of the home says what stands for each entity:
    correct its guesses and import again.
    """
    from pipelines.importers.home_assistant import keeping, table
    from pipelines.importers.home_assistant.house import import_files
    from pipelines.source import Reader

    path = shell.home / table.NAME
    entities, problems = table.read_table(path, Reader(shell.home))
    if problems:
        raise UserError(*problems)
    with shell.progress("importing"):
        made = import_files(files, entities, _devices(shell))
    kept = keeping.files_of(made.pipelines, output or shell.home / "pipelines", force=force)
    if not dry_run:
        keeping.write(kept.values())
        _write_table(path, entities)
    missing = _missing(shell, entities)
    shell.show(_as_json(made, kept, missing), lambda: _tell(shell, made, kept, dry_run=dry_run))
    if not shell.json:
        _tell_missing(shell, missing, made.unset)
        _tell_guesses(shell, path, entities)
        tell(made.problems)
    return 1 if made.problems else 0


def _devices(shell: Shell) -> Collection[str]:
    """The names of devices that the home knows, for better guesses."""
    from pipelines.settings import load_devices

    names = set(load_devices(shell.home)[0])
    if (shell.home / "data").is_dir() and any((shell.home / "data").iterdir()):
        with shell.agent() as agent:
            names |= {device.name for device in agent.devices()}
    return names


def _write_table(path: Path, entities: "Table") -> None:
    from pipelines.importers.home_assistant.table import table_text

    there = path.read_text(encoding="utf-8") if path.is_file() else ""
    if entities.fresh or not there:
        path.write_text(table_text(entities, there), encoding="utf-8")


def _missing(shell: Shell, entities: "Table") -> list[str]:
    """The targets of messages that hearth.yaml does not name."""
    return sorted({*entities.notify.values()} - shell.settings.notify.keys())


def _as_json(made: "Import", kept: Mapping[str, "Kept"], missing: list[str]) -> dict[str, Any]:
    return {
        "pipelines": [
            {
                "id": each.id,
                "name": each.name,
                "from": str(each.at),
                "file": str(kept[each.id].path),
                "state": kept[each.id].state,
                "gaps": [_gap(gap) for gap in each.gaps],
            }
            for each in made.pipelines
        ],
        "left_out": [_gap(gap) for gap in made.left_out],
        "notify_missing": missing,
        "memory_unset": made.unset,
        "problems": made.problems,
    }


def _gap(gap: Any) -> dict[str, str]:
    return {"at": str(gap.at), "what": gap.what, "reason": gap.reason}


def _tell(shell: Shell, made: "Import", kept: Mapping[str, "Kept"], *, dry_run: bool) -> None:
    if not (made.pipelines or made.left_out):
        return
    words = PLANNED if dry_run else WORDS
    shell.table(
        ("pipeline", "gaps", "file"),
        [(each.id, len(each.gaps) or "", words[kept[each.id].state]) for each in made.pipelines],
    )
    gaps = [gap for each in made.pipelines for gap in each.gaps]
    for gap in [*made.left_out, *gaps]:
        shell.say(str(gap))
    whole = sum(not each.gaps for each in made.pipelines)
    parts = [f"{whole} imported whole", f"{len(made.pipelines) - whole} with gaps"]
    parts += [f"{len(made.left_out)} left out"] if made.left_out else []
    shell.note(", ".join(parts))


def _tell_missing(shell: Shell, targets: list[str], values: list[str]) -> None:
    if targets:
        shell.note(f"hearth.yaml names no target under `notify:` for {', '.join(targets)}")
    if values:
        shell.note(f"remembered values that no imported pipeline sets: {', '.join(values)}")


def _tell_guesses(shell: Shell, path: Path, entities: "Table") -> None:
    if entities.fresh:
        count = sum(len(keys) for keys in entities.fresh.values())
        shell.note(f"{path} has {count} new guesses: correct them and import again")
