"""Where requests to one model wait for their turn, are measured, and reach its driver."""

from __future__ import annotations

import importlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec

from edge_agent.ledger.retention import size_bytes
from edge_agent.models.driver import Driver, Machine, ModelRefused, Place
from edge_agent.models.gauges import Gauges, Measured, watch_lines, watch_memory
from edge_agent.models.libraries import MANIFEST
from edge_agent.models.line import Line
from edge_agent.models.residents import Residents
from edge_agent.models.room import Room
from edge_agent.models.shelf import VERSIONS
from edge_agent.monitoring.metrics import Metrics
from pipelines.model_names import model_folders
from schemas.model import ChatPart, ChatRequest, Manifest, Priority
from schemas.settings import ModelSettings

_DRIVERS = "edge_agent.models.drivers"
_DRIVER_OF = {"anomaly": "anomaly", "intent": "intent", "onnx": "onnx"}


class Turn(NamedTuple):
    """A request whose turn has come at a model: its driver, and what measures it."""

    model: str
    driver: Driver
    measured: Measured

    async def chat(self, request: ChatRequest) -> AsyncGenerator[ChatPart, None]:
        """The driver's answer, its tokens counted and the model named at its end."""
        async with aclosing(self.driver.chat(request)) as parts:
            async for part in parts:
                if part.usage is not None:
                    self.measured.used(part.usage)
                if part.finish is not None:
                    part = msgspec.structs.replace(part, model=self.model)
                yield part


def make_driver(place: Place) -> Driver:
    """The driver that a model's settings name.

    Raises:
        ModelRefused: there is no such driver.
    """
    name = f"{_DRIVERS}.{place.settings.driver}"
    try:
        driver: Driver = importlib.import_module(name).make(place)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise ModelRefused(f"there is no driver `{place.settings.driver}`") from None
    return driver


class Desk:
    """The models of a home that are themselves: those of `hearth.yaml`, then the folders."""

    def __init__(
        self,
        home: Path,
        settings: Mapping[str, ModelSettings],
        *,
        machine: Machine,
        keys: Sequence[bytes],
        metrics: Metrics,
        make: Callable[[Place], Driver],
    ) -> None:
        self._home = home
        self._settings = settings
        self._machine = machine
        self._keys = tuple(keys)
        self.gauges = Gauges(metrics)
        self.room = Room(machine.memory, [name for name in settings if settings[name].keep_loaded])
        self.residents = Residents(make, self.room)
        self.lines: dict[str, Line] = {}
        self._places: dict[str, tuple[Path | None, Place]] = {}
        watch_lines(metrics, self.lines)
        watch_memory(metrics, self.residents.loaded)

    def names(self) -> list[str]:
        """The names of all models, also of those that stand for others."""
        return sorted({*self._settings, *model_folders(self._home)})

    def place(self, name: str) -> Place:
        """What a model is made of.

        Raises:
            LookupError: there is none of this name.
        """
        settings = self._settings.get(name)
        where = self._home / ((settings and settings.path) or f"models/{name}")
        points = _target(where)
        known = self._places.get(name)
        if known is None or known[0] != points:  # resolving costs more than all the rest here
            known = self._places[name] = points, self._look_up(name, settings, where)
        return known[1]

    def _look_up(self, name: str, settings: ModelSettings | None, where: Path) -> Place:
        folder = where.resolve()
        if settings is None and not (folder / MANIFEST).exists():
            if (self._home / "models" / VERSIONS / name).is_dir():
                raise LookupError(
                    f"no version of `{name}` is in force: hearth models promote {name}"
                )
            known = ", ".join(self.names()) or "none"
            raise LookupError(f"there is no model `{name}` (there are: {known})")
        settings = settings or ModelSettings(driver=_driver_of(folder))
        return Place(name, settings, folder, self._keys, self._may_take(settings))

    @asynccontextmanager
    async def turn(self, name: str, priority: Priority) -> AsyncIterator[Turn]:
        """Wait for a turn at a model, and hold it.

        Raises:
            LookupError, ModelError: there is no such model, it is busy, or does not load.
        """
        place = self.place(name)
        with self.gauges.of(name).request() as measured:
            line = self._line(place)
            async with line.turn(priority), self.residents.using(place) as driver:
                yield Turn(name, driver, measured)

    def _may_take(self, settings: ModelSettings) -> Machine:
        """The machine with what this model may take of its memory."""
        if settings.memory is None:
            return self._machine
        own = size_bytes(settings.memory)
        return msgspec.structs.replace(self._machine, memory=min(own, self._machine.memory or own))

    def _line(self, place: Place) -> Line:
        line = self.lines.get(place.name)
        if line is None:
            settings = place.settings
            line = self.lines[place.name] = Line(settings.sequences, settings.queue)
        return line


def _driver_of(folder: Path) -> str:
    """The driver of a folder that no settings speak of; it is checked when it is loaded."""
    try:
        said = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError):
        return "tvm"
    return _DRIVER_OF.get(said.kind, "tvm")


def _target(path: Path) -> Path | None:
    """Where a link points, itself where it is none; None when nothing is there."""
    try:
        return path.readlink()
    except FileNotFoundError:
        return None
    except OSError:
        return path
