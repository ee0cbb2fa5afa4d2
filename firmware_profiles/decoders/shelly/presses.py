"""Presses: what the words mean, and that one counted twice is one press."""

from __future__ import annotations

from typing import Any

from firmware_profiles.contract import TopicReader
from schemas.device import Decoded, Reading

_GEN1 = {
    "S": "single", "SS": "double", "SSS": "triple", "L": "long", "SL": "single_long",
    "LS": "long_single",
}  # fmt: skip
_GEN2 = {
    "single_push": "single", "double_push": "double", "triple_push": "triple",
    "long_push": "long", "long_double_push": "long_double", "long_triple_push": "long_triple",
    "hold_press": "hold", "btn_down": "press", "btn_up": "release",
    "rotate_left": "rotate_left", "rotate_right": "rotate_right",
}  # fmt: skip


def action(word: Any) -> str | None:
    """The action of a gen2 event; None where it is not a press."""
    return _GEN2.get(word) if isinstance(word, str) else None


class Counted:
    """Gen1 presses; `event_cnt` grows with each, so the same count again is no new one."""

    def __init__(self, firmware: str) -> None:
        self._firmware = firmware
        self._counting: set[str] = set()

    def event(self, device: str, instance: str) -> TopicReader:
        """A reader of input_event/N."""
        key, last = f"{self._firmware}:{device}", -1

        def read(raw: bytes, payload: Any, retain: bool) -> Decoded:
            nonlocal last
            self._counting.add(device)
            said = Decoded(firmware=self._firmware, device=device, channel="event", key=key)
            if payload.__class__ is not dict:
                said.parse_error = True if raw else None
                return said
            count, word = payload.get("event_cnt"), payload.get("event")
            again = isinstance(count, int) and count == last
            last = count if isinstance(count, int) else last
            if isinstance(word, str) and word and not again:
                said.readings = [Reading("action", _GEN1.get(word, word.lower()), None, instance)]
            return said

        return read

    def longpush(self, device: str, instance: str) -> TopicReader:
        """A reader of longpush/N: 1 after a long press; input_event tells it better where sent."""
        key = f"{self._firmware}:{device}"

        def read(raw: bytes, payload: Any, retain: bool) -> Decoded:
            said = Decoded(firmware=self._firmware, device=device, channel="state", key=key)
            if payload == 1 and not retain and device not in self._counting:
                said.readings = [Reading("action", "long", None, instance)]
            return said

        return read
