"""Train a model on the home's own history: how unusual a sensor's value is."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from edge_agent.cli.group import verb
from edge_agent.cli.problems import Outside, mistake
from edge_agent.cli.shell import Shell

if TYPE_CHECKING:
    from edge_agent.anomaly.forecast import Forecast
    from edge_agent.models.signing import Key
    from schemas.model import Manifest

_INSTALL = "training needs the extra: pip install hearthflow[models]"
_DAY = 86_400.0


@verb
@click.argument("name")
@click.option("--device", required=True, help="Whose history.")
@click.option("--property", "property_", required=True, help="Of which property.")
@click.option("--instance", default="", help="Which one of several equal ones.")
@click.option("--days", default=60.0, show_default=True, help="How much of it.")
@click.option("--promote/--no-promote", default=True, help="Put it in force at once.")
def command(
    shell: Shell,
    name: str,
    device: str,
    property_: str,
    instance: str,
    days: float,
    promote: bool,
) -> None:
    """Train a model on a sensor's history: the step `anomaly` asks it how unusual a value is.

    \b
    hearth models train freezer-anomaly --device freezer --property temperature
    """
    from edge_agent.cli.new_version import put_on_shelf

    since = time.time() - days * _DAY
    try:
        with shell.progress("reading the ledger"):
            past = _read(shell, (device, property_, instance), since)
        with shell.progress(f"learning from {len(past.values)} values"):
            model = _learn(past)
    except ImportError:
        raise Outside(_INSTALL) from None
    except ValueError as error:
        raise mistake(f"{property_} of {device}: {error}") from None
    put_on_shelf(shell, name, lambda out, key: _write(out, key, name, model), promote=promote)


class _Past(NamedTuple):
    """A sensor's history up to `until`, and the forecaster that is to learn it."""

    blank: "Forecast"
    values: list[float]
    until: float


def _read(shell: Shell, sensor: tuple[str, str, str], since: float) -> _Past:
    from edge_agent.anomaly.learning import blank
    from edge_agent.anomaly.series import GAP, SERIES, asked, history, interval_of, regular

    with shell.agent() as agent:
        found = agent.query(GAP, history(*sensor, since)).rows[0]
        if found["gap"] is None:
            raise ValueError(f"{found['readings']} readings are no history to learn from")
        fresh = blank(*sensor, interval_of(found["gap"]))
        until, count = found["last"], int((found["last"] - found["first"]) / fresh.interval)
        rows: list[dict[str, Any]] = agent.query(SERIES, asked(fresh, until, count)).rows
    return _Past(fresh, regular(rows, count), until)


def _learn(past: _Past) -> "Forecast":
    from edge_agent.anomaly.learning import learn

    return learn(past.blank, past.values, past.until)


def _write(folder: Path, key: "Key", name: str, model: "Forecast") -> "Manifest":
    import msgspec

    from edge_agent.models.drivers.anomaly import FILE
    from edge_agent.models.libraries import sha256, write_manifest
    from schemas.model import Manifest

    (folder / FILE).write_bytes(msgspec.json.encode(model))
    manifest = Manifest(
        name=name,
        kind="anomaly",
        source=f"{model.property} of {model.device}",
        files={FILE: sha256(folder / FILE)},
    )
    write_manifest(folder, manifest, key)
    return manifest
