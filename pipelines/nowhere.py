"""Ports that lead nowhere: for compiling without running."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NoReturn

from pipelines.ports import Handle, Home, Ports, SubRun
from pipelines.scope import Scope
from pipelines.trigger import OnName
from schemas.device import Command
from schemas.event import Event


def _refuse() -> NoReturn:
    raise LookupError("nothing runs here")


class Nowhere:
    """Knows nothing and does nothing; acting raises LookupError."""

    def now(self) -> float:
        """The epoch."""
        return 0.0

    def call_at(self, when: float, callback: Callable[[], None]) -> Handle:
        """Refused."""
        _refuse()

    def send(
        self, topic: str, payload: bytes | str, *, qos: int = 0, retain: bool = False, run: int = 0
    ) -> None:
        """Refused."""
        _refuse()

    def select(self, devices: str | list[str] | dict[str, str]) -> Callable[[str], bool]:
        """No device."""
        return lambda key: False

    def keys(self, devices: str | list[str] | dict[str, str] | None = None) -> list[str]:
        """No device."""
        return []

    def name(self, key: str) -> str:
        """The key itself."""
        return key

    def value(self, device: str, property: str, instance: str | None = None) -> Any:
        """Nothing."""
        return None

    def since(self, *names: str | None) -> float | None:
        """Never."""
        return None

    def command(self, device: str, command: Command, run: int = 0) -> Awaitable[None] | None:
        """Refused."""
        _refuse()

    def get(self, key: str) -> Any:
        """Nothing."""
        return None

    def set(self, key: str, value: Any) -> None:
        """Refused."""
        _refuse()

    def request(self, method: str, url: str, **options: Any) -> Awaitable[dict[str, Any]]:
        """Refused."""
        _refuse()

    def notify(
        self, to: str, title: str, message: str, options: Mapping[str, Any]
    ) -> Awaitable[None]:
        """Refused."""
        _refuse()

    def query(self, sql: str, params: Mapping[str, Any]) -> Awaitable[list[dict[str, Any]]]:
        """Refused."""
        _refuse()

    def emit(self, name: str, data: Any, run: int = 0, depth: int = 0) -> None:
        """Refused."""
        _refuse()

    def start(self, *call: Any, wait: bool) -> SubRun:
        """Refused."""
        _refuse()

    def kept(self, scope: Scope, step: str) -> SubRun | None:
        """Nothing."""
        return None

    def on_end(self, run: str, tell: Callable[[SubRun, Event], None]) -> OnName:
        """Refused."""
        _refuse()

    def cancel(self, scope: Scope, step: str) -> None:
        """Nothing runs."""

    def rehearse(self, *call: Any) -> Awaitable[SubRun]:
        """Refused."""
        _refuse()


def ports(home: Home) -> Ports:
    """Ports of a home that nothing runs in."""
    nowhere = Nowhere()
    return Ports(
        clock=nowhere, messages=nowhere, devices=nowhere, memory=nowhere, outside=nowhere,
        bus=nowhere, runs=nowhere, home=home,
    )  # fmt: skip
