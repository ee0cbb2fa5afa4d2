"""What is known of each Shelly: its generation and which channels it has reported."""

from __future__ import annotations

import re

from firmware_profiles.contract import Unsupported

_HEARD_MAX = 10_000
_CHANNELS_MAX = 200
# gen1 is closed: no new models come. The id is the model and the last digits of the MAC address.
_GEN1 = re.compile(
    r"shelly(1|1l|1pm|2led|4pro|air|bulb|bulbduo|button1|button2|colorbulb|dimmer|dimmer2|dimmerw1"
    r"|dw|dw2|em|em3|flood|gas|ht|ix3|motion2|motionsensor|plug|plug-s|plug-u1|rgbw2|sense|smoke"
    r"|spot|switch|switch25|trv|uni|valve|vintage)-.+",
    re.IGNORECASE,
)
_GEN2 = re.compile(r"shelly(plus|pro|walldisplay|blu|pmmini|\w+g[3-9])", re.IGNORECASE)
_LAMPS = (
    (re.compile(r"shelly(bulb|colorbulb|rgbw2|2led)-", re.IGNORECASE), "color"),
    (re.compile(r"shelly(dimmer|dimmer2|dimmerw1|bulbduo|vintage|spot)-", re.IGNORECASE), "light"),
    (re.compile(r"shelly\w*rgbw", re.IGNORECASE), "rgbw"),
    (re.compile(r"shelly(plus010v|\w*0110|d?dimmer|prodm|wdus)", re.IGNORECASE), "light"),
)


class Devices:
    """The devices heard of; a device's channels are pairs like (`relay`, `0`)."""

    def __init__(self) -> None:
        self._channels: dict[str, dict[tuple[str, str], None]] = {}
        self._generations: dict[str, int] = {}

    def hear(self, device: str, generation: int, kind: str = "", number: str | None = None) -> None:
        """Take in that a device of this generation has spoken, and of which channel."""
        if device not in self._generations and len(self._generations) >= _HEARD_MAX:
            return
        self._generations[device] = generation
        channels = self._channels.setdefault(device, {})
        if number is not None and len(channels) < _CHANNELS_MAX:
            channels[kind, number] = None

    def known(self, device: str) -> bool:
        """Whether it has spoken."""
        return device in self._generations

    def later(self, prefix: str, short: str) -> bool:
        """Whether gen2+ speaks under this prefix, which may be `shellies/` and `short`."""
        told = self._generations.get(prefix)
        if told is not None:
            return told > 1
        return short not in self._generations and _GEN2.match(short) is not None

    def generation(self, device: str) -> int:
        """1, or 2 for all that came after; by its id where it has not spoken."""
        told = self._generations.get(device)
        return told or (1 if _GEN1.fullmatch(device) else 2)

    def channel(self, device: str, kinds: tuple[str, ...], instance: str | None) -> tuple[str, str]:
        """The channel of one of these kinds: heard of, else after the model, else the first kind.

        Raises:
            Unsupported: a channel is a number.
        """
        if instance is not None and not instance.isdecimal():
            raise Unsupported(f"{device}: a channel is a number, not `{instance}`")
        heard = self._channels.get(device, {})
        for kind in kinds:
            for known, number in heard:
                if known == kind and instance in (None, number):
                    return kind, number
        for pattern, kind in _LAMPS:
            if kind in kinds and pattern.match(device):
                return kind, instance or "0"
        return kinds[0], instance or "0"
