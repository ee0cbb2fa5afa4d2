"""The devices that a home knows: those of `devices.yaml`, and those that have reported."""

from collections.abc import Collection, Sequence

from edge_agent.cli.problems import Outside
from edge_agent.cli.reach import answers
from edge_agent.cli.shell import Shell
from schemas.api import DeviceView
from schemas.problem import UserError


def known_devices(shell: Shell) -> Collection[str]:
    """Every name, alias and key; what cannot be asked knows none."""
    from pipelines.settings import load_devices

    given = load_devices(shell.home)[0]
    names = {name for key, each in given.items() for name in (key, each.key, *each.aliases)}
    for device in _reported(shell):
        names |= {device.name, device.key, *device.aliases}
    return names


def _reported(shell: Shell) -> Sequence[DeviceView]:
    data = shell.home / "data"
    try:
        if not (answers(data / "agent.sock") or (data / "ledger.duckdb").exists()):
            return ()
        with shell.agent() as agent:
            return agent.devices()
    except (Outside, UserError):
        return ()
