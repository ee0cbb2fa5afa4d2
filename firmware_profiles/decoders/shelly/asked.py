"""What a command asks of a Shelly, checked and in its own words."""

from __future__ import annotations

from colorsys import hsv_to_rgb
from typing import Any

from firmware_profiles.contract import Unsupported
from firmware_profiles.units import number
from schemas.device import Command

LIGHT = ("brightness", "color_temp", "color_rgb", "color_hs", "white", "effect")
SWITCHING = ("on", "off", "toggle")
MOVING = ("open", "close", "stop")
_WORDS = {
    "turn_on": "on", "turn_off": "off", "true": "on", "false": "off",
    "opened": "open", "closed": "close", "stopped": "stop",
}  # fmt: skip


def word(device: str, command: Command) -> str | None:
    """The one word of a command: `on`, `off`, `toggle`, `open`, `close` or `stop`.

    Raises:
        Unsupported: a word that no Shelly knows.
    """
    given = command.do if command.do is not None else command.set.get("state")
    if given is None:
        return None
    plain = str(given).strip().lower()
    said = _WORDS.get(plain, plain)
    if said not in SWITCHING + MOVING:
        known = ", ".join(("turn_on", "turn_off", *SWITCHING, *MOVING))
        raise Unsupported(f"`{given}` is nothing that {device} can do: {known}")
    return said


def amount(property: str, value: Any, most: float | None = None) -> float | int:
    """A number, cut at 0 and `most`, whole if it can be.

    Raises:
        Unsupported: no number.
    """
    plain = None if isinstance(value, bool) else number(value)
    if plain is None:
        raise Unsupported(f"`{property}` takes a number, not {value!r}")
    if most is not None:
        return round(min(max(plain, 0), most))
    return int(plain) if float(plain).is_integer() else plain


def rgb(property: str, value: Any) -> list[int]:
    """Red, green and blue of 0 to 255, from these or from hue and saturation.

    Raises:
        Unsupported: no such list.
    """
    size = 3 if property == "color_rgb" else 2
    if not isinstance(value, list | tuple) or len(value) != size:
        raise Unsupported(f"`{property}` takes a list of {size} numbers")
    parts = [amount(property, part) for part in value]
    if size == 2:
        parts = [each * 255 for each in hsv_to_rgb(parts[0] % 360 / 360, parts[1] / 100, 1)]
    return [round(min(max(part, 0), 255)) for part in parts]
