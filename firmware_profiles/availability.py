"""Availability: from `online`, `Offline`, `{"state": "online"}` or `true` to a boolean."""

from typing import Any

from firmware_profiles.paths import find
from firmware_profiles.values import text
from schemas.profile import AvailableRule


class Availability:
    """Reads one kind of availability message; a plain word also where a path is given."""

    def __init__(self, rule: AvailableRule) -> None:
        self._path = rule.path
        self._words = {word.casefold(): True for word in rule.online}
        self._words |= {word.casefold(): False for word in rule.offline}

    def read(self, payload: Any) -> bool | None:
        """Whether the device is there; None when the message does not tell."""
        if self._path and isinstance(payload, dict):
            payload = find(payload, self._path)
        word = text(payload)
        return None if word is None else self._words.get(word.strip().casefold())
