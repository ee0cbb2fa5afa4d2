"""OpenMQTTGateway and Theengs: their profile's rules, the gateways' last will, and commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import tzinfo
from typing import Any

import msgspec

from firmware_profiles.contract import TopicReader, Unsupported
from firmware_profiles.declarative.decoder import Declared
from schemas.device import Command, Decoded, Publication
from schemas.profile import Profile

_WORDS = {b"online": True, b"offline": False}
_SENDERS = {
    "rf_send": "MQTTto433",
    "rf2_send": "MQTTtoRF2",
    "pilight_send": "MQTTtoPilight",
    "rfbridge_send": "MQTTtoSRFB",
    "ir_send": "MQTTtoIR",
    "lora_send": "MQTTtoLORA",
    "ble_send": "MQTTtoBT",
    "ble_config": "MQTTtoBT/config",
    "rtl_433_config": "MQTTtoRTL_433",
}
_RELAY = {"turn_on": 1, "turn_off": 0, "on": 1, "off": 0}


def make(profile: Profile, changed: Callable[[], None], zone: tzinfo | None) -> OpenMqttGateway:
    """The decoder as its profile configures it (`options: {base_topic: home}`)."""
    return OpenMqttGateway(profile, changed, zone)


class OpenMqttGateway(Declared):
    """Decodes by rules; knows a gateway's base topic from what it has heard of it."""

    def __init__(self, profile: Profile, changed: Callable[[], None], zone: tzinfo | None) -> None:
        super().__init__(profile, zone)
        self._changed = changed
        self._base = str(profile.options.get("base_topic", "home"))
        self._paths: set[str] = set()

    def reader(self, topic: str) -> TopicReader | None:
        """A reader of one topic; BASE/GATEWAY/LWT only where a gateway is known or likely."""
        path, _, last = topic.rpartition("/")
        if last == "LWT":
            known = path in self._paths or path.rpartition("/")[0] == self._base
            return self._will(path.rpartition("/")[2]) if known else None
        return super().reader(topic)

    def rule(self, topic: str) -> str:
        """Which message rule reads a topic."""
        if topic.endswith("/LWT"):
            return "last will" if self.reader(topic) is not None else ""
        return super().rule(topic)

    def encode(self, device: str, command: Command) -> list[Publication]:
        """Codes to send (`rf_send`, `ir_send`, …) and relays of a gateway."""
        heard = self._heard.get(device, {})
        path = f"{heard.get('base', self._base)}/{heard.get('gateway', device)}/commands"
        if command.raw is not None:
            topic = command.raw.get("topic")
            if not topic:
                raise Unsupported("`raw` needs a `topic`")
            return [Publication(str(topic), _wire(command.raw.get("payload", "")))]
        if command.do in _SENDERS:
            return [Publication(f"{path}/{_SENDERS[command.do]}", _wire(command.set))]
        return [Publication(f"{path}/MQTTtoONOFF", _wire(_relay(device, command)))]

    def _hear(self, device: str, parts: Mapping[str, str]) -> None:
        super()._hear(device, parts)
        if "base" in parts and "gateway" in parts:
            path = f"{parts['base']}/{parts['gateway']}"
            if path not in self._paths and len(self._paths) < 1_000:
                self._paths.add(path)
                self._changed()

    def _will(self, gateway: str) -> TopicReader:
        key = f"{self.firmware}:{gateway}"

        def read(raw: bytes, payload: Any, retain: bool) -> Decoded | None:
            if raw not in _WORDS:  # another firmware's
                return None
            return Decoded(
                firmware=self.firmware,
                device=gateway,
                channel="availability",
                key=key,
                available=_WORDS[raw],
            )

        return read


def _relay(device: str, command: Command) -> dict[str, int]:
    """A relay of the gateway's own, by its pin."""
    wanted = command.do or command.set.get("state")
    if (wanted is True or wanted is False) and command.do is None:
        wanted = "on" if wanted else "off"
    if not isinstance(wanted, str) or wanted not in _RELAY:
        known = ", ".join(sorted([*_SENDERS, "turn_off", "turn_on"]))
        raise Unsupported(f"`{wanted}` is nothing that {device} can do: {known}")
    if command.instance is None or not command.instance.isdecimal():
        raise Unsupported(f"a relay of {device} is named by its pin: give `instance`")
    return {"gpio": int(command.instance), "cmd": _RELAY[wanted]}


def _wire(payload: Any) -> bytes | str:
    return payload if isinstance(payload, str) else msgspec.json.encode(payload)
