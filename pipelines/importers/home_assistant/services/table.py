"""Every service that has an equivalent, by its name."""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.importers.home_assistant.services.call import Service
from pipelines.importers.home_assistant.services.devices import DEVICES
from pipelines.importers.home_assistant.services.helpers import HELPERS
from pipelines.importers.home_assistant.services.others import others
from pipelines.importers.home_assistant.services.people import PEOPLE

REASONS: Mapping[str, str] = {
    "homeassistant.update_entity": "devices report by themselves",
    "homeassistant.restart": "the host is restarted by its own means",
    "homeassistant.reload_*": "changed files are taken up by themselves",
    "automation.reload": "changed files are taken up by themselves",
    "script.reload": "changed files are taken up by themselves",
    "persistent_notification.dismiss": "a message that was sent cannot be taken back",
    "python_script.*": "its Python has to become a skill, a pipeline or a request",
    "shell_command.*": "pipelines run no commands of the shell",
    "camera.*": "cameras are no devices of MQTT: ask theirs over `http`",
    "hassio.*": "the supervisor is not there",
    "frontend.*": "there are no pages to change",
    "recorder.*": "the ledger keeps itself in order",
    "logger.*": "the log's level is in hearth.yaml",
    "timer.*": "timers start, are cancelled and finish here",
}
"""Why others have none."""


def find(name: str) -> Service | None:
    """The service of a name, None when there is none."""
    return _SERVICES.get(name) or _SERVICES.get(f"{name.partition('.')[0]}.*")


def reason(name: str) -> str:
    """Why a service has no equivalent."""
    domain, _, verb = name.partition(".")
    stem = f"{domain}.{verb.partition('_')[0]}_*"
    known = REASONS.get(name) or REASONS.get(stem) or REASONS.get(f"{domain}.*")
    return known or f"`{name}` has no equivalent: add its step under `services` in the table"


_SERVICES: Mapping[str, Service] = {**DEVICES, **HELPERS, **PEOPLE, **others(find)}
