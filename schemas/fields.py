"""Field types and spellings shared by every user-facing struct."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import Meta

_PARTS = re.compile(
    r"(?:(?P<d>\d+(?:\.\d+)?)d)?(?:(?P<h>\d+(?:\.\d+)?)h)?"
    r"(?:(?P<m>\d+(?:\.\d+)?)m)?(?:(?P<s>\d+(?:\.\d+)?)s)?(?:(?P<ms>\d+(?:\.\d+)?)ms)?"
)
_CLOCK = re.compile(r"(\d+):([0-5]\d)(?::([0-5]\d(?:\.\d+)?))?")
_SECONDS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_WORDS = {"days": "d", "hours": "h", "minutes": "m", "seconds": "s", "milliseconds": "ms"}

ID_PATTERN = "^[a-z0-9][a-z0-9_-]*$"
NAME_PATTERN = "^[a-z][a-z0-9_]*$"

Expression = Annotated[str, Meta(extra_json_schema={"x-hearth": "expression"})]
Duration = Annotated[
    str | dict[str, float],
    Meta(
        examples=["500ms", "30s", "5m", "1h30m", "00:05:00"],
        extra_json_schema={"x-hearth": "duration"},
    ),
]


def _part(name: str) -> Meta:
    return Meta(extra_json_schema={"$ref": f"#/$defs/{name}", "x-hearth": name})


Conditions = Annotated[Any, _part("conditions")]
Steps = Annotated[list[Any], _part("steps")]
Triggers = Annotated[list[Any], _part("triggers")]
Tests = Annotated[list[Any], _part("tests")]
Devices = Annotated[
    str | list[str] | dict[str, str],
    Meta(
        description="A name, alias, key, glob, list of these, `{label: k=v}` or `{area: name}`.",
        extra_json_schema={"x-hearth": "devices"},
    ),
]


def field_name(attribute: str) -> str:
    """Spell a Python attribute as users write it: `if_` is `if`."""
    return attribute.rstrip("_")


def seconds(duration: str | Mapping[str, Any]) -> float:
    """Seconds of `500ms`, `30s`, `1h30m`, `00:05:00` or `{minutes: 5}`.

    Raises:
        ValueError: the text is no duration, or a bare number (its unit would be a guess).
    """
    if isinstance(duration, Mapping):
        unknown = set(duration) - set(_WORDS)
        if unknown or not duration:
            raise ValueError(f"a duration has the keys {', '.join(_WORDS)}")
        return float(sum(_number(v) * _SECONDS[_WORDS[k]] for k, v in duration.items()))
    if not isinstance(duration, str):
        raise ValueError(f"a duration needs a unit: write `{duration}s` or `{duration}m`")
    text = duration.strip()
    if clock := _CLOCK.fullmatch(text):
        hours, minutes, rest = clock.groups()
        return int(hours) * 3600.0 + int(minutes) * 60.0 + float(rest or 0)
    parts = _PARTS.fullmatch(text)
    if not text or parts is None:
        raise ValueError(f"`{duration}` is no duration: write `500ms`, `30s`, `5m` or `1h30m`")
    return sum(float(v) * _SECONDS[k] for k, v in parts.groupdict().items() if v)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"`{value}` is no number")
    return float(value)
