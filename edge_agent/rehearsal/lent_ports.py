"""Ports lent to one agent after another, so that a file is compiled once for all its tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipelines.ports import Home, Ports

_LENT = ("clock", "messages", "devices", "memory", "outside", "bus", "runs", "past", "models")


class _Lent:
    """Passes every call on to whoever has the port now; what `compile` keeps stays good."""

    def __init__(self) -> None:
        self.holder: Any = None

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            return getattr(self.holder, name)(*args, **options)

        self.__dict__[name] = call
        return call


class LentPorts:
    """The ports that plans are compiled with, and who is behind them at a time."""

    def __init__(self, home: Home) -> None:
        self._lent = {name: _Lent() for name in _LENT}
        self.ports = Ports(**self._lent, home=home)

    def lend(self, ports: Ports) -> None:
        """From now on calls go to these."""
        for name, lent in self._lent.items():
            lent.holder = getattr(ports, name)
