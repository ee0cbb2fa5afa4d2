"""The contract of notify targets, and how `notify:` in `hearth.yaml` becomes them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from difflib import get_close_matches
from typing import Any, Protocol, TypeVar

import msgspec
from msgspec import Struct

from pipelines.component import Component
from pipelines.ports import Messages
from pipelines.registry import component_name, load
from schemas.problem import Position, Problem, UserError

T = TypeVar("T", bound="type[Target]")

TARGETS: dict[str, type[Target]] = {}
_HINT = "write `NAME: {log: info}`, `{mqtt: TOPIC}` or `{webhook: URL}`"


class Notice(Struct, frozen=True, omit_defaults=True):
    """What somebody is told; `data` are the step's further options."""

    title: str
    message: str
    data: Mapping[str, Any] = {}


Deliver = Callable[[Notice], Awaitable[None]]
"""Deliver one notice; raises OSError when it could not."""


class Web(Protocol):
    """HTTP requests, as in `pipelines.ports.Outside`."""

    async def request(self, method: str, url: str, **options: Any) -> dict[str, Any]:
        """Request; options headers, params, json, body, timeout."""


class Reach(Struct, frozen=True):
    """What targets reach the world through."""

    messages: Messages
    web: Web


class Target(Component, frozen=True):
    """A kind of place where notifications go."""

    @abstractmethod
    def open(self, reach: Reach) -> Deliver:
        """Prepare everything once; the returned function delivers."""


def target(cls: T) -> T:
    """Register a target under the snake_case of its class name."""
    TARGETS[component_name(cls)] = cls
    return cls


def open_targets(settings: Mapping[str, Mapping[str, Any]], reach: Reach) -> dict[str, Deliver]:
    """The targets of `notify:` by name; `log` is there without being named.

    Raises:
        UserError: with a problem for each wrong target.
    """
    from edge_agent.outside import targets

    load(targets)
    named: dict[str, Mapping[str, Any]] = {"log": {"log": "info"}, **settings}
    opened: dict[str, Deliver] = {}
    problems: list[Problem] = []
    for name, config in named.items():
        try:
            opened[name] = _decode(config).open(reach)
        except ValueError as error:  # msgspec's ValidationError is one
            problems.append(Problem(Position("hearth.yaml"), f"notify.{name}: {error}", _HINT))
    if problems:
        raise UserError(*problems)
    return opened


def _decode(config: Mapping[str, Any]) -> Target:
    if len(config) != 1:
        raise ValueError(f"takes exactly one of {', '.join(sorted(TARGETS))}")
    ((kind, value),) = config.items()
    cls = TARGETS.get(kind)
    if cls is None:
        near = get_close_matches(kind, TARGETS, 1)
        raise ValueError(f"no kind `{kind}`" + (f"; did you mean `{near[0]}`?" if near else ""))
    fields = value if isinstance(value, Mapping) else {cls.main: value}
    return msgspec.convert(fields, cls)
