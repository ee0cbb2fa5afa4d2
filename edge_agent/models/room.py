"""The memory that models may take together: what one needs, and who goes for another."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress

from edge_agent.models.driver import ModelBusy, ModelError, Place
from edge_agent.models.geometry import geometry
from edge_agent.models.residents import Loaded
from edge_agent.models.runtime.folder import BrokenFolder, read_config

_PROCESS_BYTES = 48 << 20  # a worker before it has read any weights, measured
_RAISE = "lower its `tokens`, or raise `inference: {memory: …}` in hearth.yaml"


class NoRoom(ModelBusy):
    """Other models are in use and leave no memory for this one."""


class Room:
    """The memory of all models; `budget` in bytes, None: nobody counts.

    `kept` are those that stay loaded whoever wants their room, `urgent` those that go last.
    """

    def __init__(self, budget: int | None, kept: Collection[str] = ()) -> None:
        self._budget = budget
        self._kept = frozenset(kept)
        self._took: dict[str, int] = {}
        self.urgent: frozenset[str] = frozenset()

    def took(self, place: Place, resident_bytes: int) -> None:
        """Remember what a model really takes."""
        self._took[str(place.folder)] = resident_bytes

    def needed(self, place: Place) -> int:
        """What a model takes: as it did the last time, else weights, cache and process.

        Raises:
            ModelError: more than it may, however empty the memory is.
        """
        bytes_needed = self._took.get(str(place.folder)) or expected_bytes(place)
        most = place.machine.memory
        if most is not None and bytes_needed > most:
            text = f"`{place.name}` needs about {_mb(bytes_needed)}, and it may take {_mb(most)}"
            raise ModelError(f"{text}: {_RAISE}")
        return bytes_needed

    def going(self, loaded: Mapping[str, Loaded], needed: int, name: str = "") -> list[str]:
        """Who must go for a model of this name: idle ones, the longest unused first.

        Raises:
            NoRoom: even without them it would not fit.
        """
        if self._budget is None:
            return []
        excess = sum(each.resident_bytes for each in loaded.values()) + needed - self._budget
        going = []
        for other in sorted(loaded, key=lambda each: (each in self.urgent, loaded[each].used)):
            if excess <= 0:
                break
            if other != name and other not in self._kept and not loaded[other].users:
                going.append(other)
                excess -= loaded[other].resident_bytes
        if excess > 0 and needed:
            used = ", ".join(sorted(loaded.keys() - {*going}))
            raise NoRoom(f"`{name}` needs about {_mb(needed)}, which {used} leave no room for")
        return going


def expected_bytes(place: Place) -> int:
    """What a folder's model will take, about; 0 where it does not run here or nothing is known."""
    if place.settings.url or not place.folder.is_dir():
        return 0
    weights = sum(
        path.stat().st_size for path in place.folder.iterdir() if path.suffix in (".bin", ".onnx")
    )
    return weights + _cache_bytes(place) + _PROCESS_BYTES if weights else 0


def _cache_bytes(place: Place) -> int:
    """Keys and values of every token there is room for, in every layer."""
    with suppress(BrokenFolder, ValueError):  # told when it is loaded
        config = read_config(place.folder)
        found = geometry(config)
        width = 2 if "f16" in str(config.get("quantization", "")) else 4
        token = 2 * found.layers * found.kv_heads * found.head_dim * width
        return token * place.settings.tokens
    return 0


def _mb(size: int) -> str:
    return f"{size / 1e6:.0f} MB"
