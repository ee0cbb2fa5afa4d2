"""What stands here for Home Assistant's entities: the table that the user may edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from msgspec import Meta, Struct, field

from schemas.fields import Duration

_BOOLEANS = frozenset(
    {"occupancy", "vibration", "smoke", "water_leak", "gas", "carbon_monoxide", "tamper"}
    | {"child_lock", "battery_low", "garage_door", "overheating"}
)
_ON_OFF: Mapping[str, Any] = {"on": True, "off": False}
_PRESENCE: Mapping[str, Any] = {"home": True, "not_home": False}
_SWITCHED = frozenset(
    {"input_boolean", "schedule", "automation", "calendar", "switch", "light", "group"}
    | {"binary_sensor", "fan", "siren", "remote", "update"}
)
_INITIAL = {"timer": "idle", "alarm_control_panel": "disarmed"}


class Target(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What stands for one entity: a property of a device, a remembered value, or others."""

    templated: ClassVar[bool] = False

    device: Annotated[str | None, Meta(description="The device's name.")] = None
    property: Annotated[str | None, Meta(description="Which of its properties.")] = None
    instance: Annotated[str | int | None, Meta(description="Which of several equal ones.")] = None
    memory: Annotated[str | None, Meta(description="Or the key of a remembered value.")] = None
    entities: Annotated[list[str], Meta(description="Or the members of a group.")] = []
    all: Annotated[bool, Meta(description="Whether a group is on only when all are.")] = False
    pipeline: Annotated[str | None, Meta(description="Or a pipeline, for a script.")] = None
    words: Annotated[
        dict[str, Any] | None, Meta(description="States there and values here: {home: true}.")
    ] = None
    duration: Annotated[Duration | None, Meta(description="How long a timer runs.")] = None

    def is_device(self) -> bool:
        """Whether it is a property of a device."""
        return self.device is not None and self.memory is None


class Known(Struct, frozen=True):
    """An entity with what stands for it."""

    id: str
    target: Target

    @property
    def domain(self) -> str:
        """`light` of `light.kitchen`."""
        return self.id.partition(".")[0]

    @property
    def name(self) -> str:
        """`kitchen` of `light.kitchen`."""
        return self.id.partition(".")[2]

    @property
    def words(self) -> Mapping[str, Any]:
        """Its states there and the values here, where they differ."""
        if self.target.words is not None:
            return self.target.words
        if self.target.memory is not None:
            return _ON_OFF if self.domain in _SWITCHED else {}
        if self.target.property == "contact":
            return {"on": False, "off": True}
        if self.target.property in _BOOLEANS:
            return _PRESENCE if self.domain in ("person", "device_tracker") else _ON_OFF
        return {}

    @property
    def initial(self) -> str | None:
        """The state it has there before anybody has set one."""
        return _INITIAL.get(self.domain) if self.target.memory is not None else None

    def value(self, state: Any) -> Any:
        """The value here for a state there."""
        return self.words.get(state, state) if isinstance(state, str) else state


class Table(Struct):
    """The whole table; `fresh` are the entries that the import has added."""

    entities: dict[str, Target] = field(default_factory=dict)
    devices: dict[str, str] = field(default_factory=dict)
    notify: dict[str, str] = field(default_factory=dict)
    services: dict[str, Any] = field(default_factory=dict)
    fresh: dict[str, set[str]] = field(default_factory=dict)

    def note(self, section: str, key: str, value: Any) -> None:
        """Add an entry that was guessed."""
        getattr(self, section)[key] = value
        self.fresh.setdefault(section, set()).add(key)
