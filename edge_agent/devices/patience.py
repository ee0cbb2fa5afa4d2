"""How long a device may be silent before it counts as unavailable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from edge_agent.devices.device import Device
from schemas.fields import seconds
from schemas.profile import Profile, SilenceRule


class Patience:
    """How long each device may be silent: by `devices.yaml`, else by its announcement
    (Home Assistant's `expire_after`), else by its profile where it does not tell itself."""

    def __init__(self, rules: Mapping[str, SilenceRule] = MappingProxyType({})) -> None:
        self._rules = {firmware: (seconds(rule.after), rule) for firmware, rule in rules.items()}

    def limit(self, device: Device) -> float | None:
        """Seconds; None or 0: for ever."""
        if device.silent_after is not None:
            return device.silent_after
        if device.expires_after is not None:
            return device.expires_after
        after, rule = self._rules.get(device.firmware, (None, None))
        if rule is None or device.own is not None:
            return None
        reported = {slot if isinstance(slot, str) else slot[0] for slot in device.values}
        return after if not rule.reports or not reported.isdisjoint(rule.reports) else None

    def silent(self, device: Device, now: float) -> bool | None:
        """Whether it has been silent for too long; None: nobody waits for it."""
        if device.heard is None or not (limit := self.limit(device)):
            return None
        return now - device.heard - device.unheard > limit


def rules_of(profiles: Iterable[Profile]) -> dict[str, SilenceRule]:
    """What the profiles say of silence, by firmware; the first of a name counts."""
    return {each.profile: each.silence for each in reversed(list(profiles)) if each.silence}
