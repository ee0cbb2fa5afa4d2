"""The typed inputs of a pipeline: what may be given, and what is filled in."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from pipelines.tree import Secret, suggest
from schemas.fields import seconds
from schemas.pipeline import Input
from schemas.problem import Position, Problem, UserError

_TIME = re.compile(r"([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?")


class Inputs:
    """Checks the values given to a run and fills in defaults; texts are read as the type says.

    `specs` are the declared inputs by name, `defaults` what a run has that was given none.
    """

    def __init__(self, specs: Mapping[str, Input]) -> None:
        self.specs = dict(specs)
        self.defaults = {name: _plain(spec.default) for name, spec in specs.items()}
        self.needed = [
            name for name, spec in specs.items() if spec.required and spec.default is None
        ]

    def __call__(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The inputs of a run.

        Raises:
            UserError: an unknown name, a missing or wrong value; every one is told.
        """
        values = dict(self.defaults)
        problems = [
            Problem(Position(f"inputs.{name}"), "this input is needed")
            for name in self.needed
            if given.get(name) is None
        ]
        for name, value in given.items():
            try:
                values[name] = self._read(name, value)
            except ValueError as error:
                problems.append(Problem(Position(f"inputs.{name}"), str(error)))
        if problems:
            raise UserError(*problems)
        return values

    def _read(self, name: str, value: Any) -> Any:
        if name not in self.specs:
            hint = suggest(name, self.specs)
            raise ValueError("there is no such input" + (f": {hint}" if hint else ""))
        return read(self.specs[name], value)


def _plain(default: Any) -> Any:
    """A secret goes out as text: in the tree it is a kind of its own."""
    return str(default) if isinstance(default, Secret) else default


def read(spec: Input, value: Any) -> Any:
    """A value as its input's type.

    Raises:
        ValueError: it does not fit; the text says what does.
    """
    if value is None:
        return None
    if not spec.multiple:
        return _READERS[spec.type](spec, value)
    if spec.type == "device" and isinstance(value, Mapping):
        return _selector(value)
    return [_READERS[spec.type](spec, each) for each in _listed(value)]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _selector(value: Mapping[str, Any]) -> Mapping[str, Any]:
    if len(value) != 1 or not value.keys() <= {"label", "area"}:
        raise ValueError("must be names of devices, `{label: k=v}` or `{area: name}`")
    return value


def _parts(spec: Input, value: Any) -> Any:
    if not all(isinstance(each, Mapping | str) for each in _listed(value)):
        raise ValueError(f"must be a list of {spec.type}")
    return value


def _number(spec: Input, value: Any) -> float:
    return float(_bounded(spec, _converted(value, float, "a number")))


def _integer(spec: Input, value: Any) -> int:
    return int(_bounded(spec, _converted(value, int, "a whole number")))


def _boolean(spec: Input, value: Any) -> bool:
    if isinstance(value, str) and value.lower() in ("on", "off", "yes", "no"):
        return value.lower() in ("on", "yes")
    return bool(_converted(value, bool, "true or false"))


def _converted(value: Any, kind: type, words: str) -> Any:
    if isinstance(value, bool) and kind is not bool:
        raise ValueError(f"must be {words}")
    try:
        return msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError:
        raise ValueError(f"must be {words}") from None


def _bounded(spec: Input, value: Any) -> Any:
    if spec.min is not None and value < spec.min:
        raise ValueError(f"must be at least {spec.min:g}")
    if spec.max is not None and value > spec.max:
        raise ValueError(f"must be at most {spec.max:g}")
    return value


def _text(spec: Input, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be text")
    return value


def _select(spec: Input, value: Any) -> Any:
    for option in spec.options:
        if value == option or value == str(option):
            return option
    raise ValueError(f"must be one of {', '.join(str(option) for option in spec.options)}")


def _duration(spec: Input, value: Any) -> Any:
    seconds(value)
    return value


def _time(spec: Input, value: Any) -> str:
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise ValueError("must be a time of day: `07:30`")
    return value


_READERS: Mapping[str, Callable[[Input, Any], Any]] = {
    "number": _number, "integer": _integer, "boolean": _boolean, "text": _text, "string": _text,
    "device": _text, "select": _select, "duration": _duration, "time": _time,
    "any": lambda spec, value: value,
    "triggers": _parts, "conditions": _parts, "steps": _parts,
}  # fmt: skip
