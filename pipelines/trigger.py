"""The contract of triggers: compiled once, armed once a pipeline (or once a wait)."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from pipelines.component import Component
from pipelines.ports import Slots
from pipelines.scope import Scope
from schemas.device import Change
from schemas.event import Event
from schemas.fields import Duration

if TYPE_CHECKING:
    from pipelines.tools import Tools

Fire = Callable[[dict[str, Any], Event], None]
"""Called with the `trigger` mapping (without `id`, the gate adds it) and the event behind it."""


class OnTopic(Struct, frozen=True):
    """See every MQTT message that matches a topic filter."""

    filter: str
    see: Callable[[Event], None]
    qos: int = 0


class OnReading(Struct, frozen=True):
    """See changes of properties (None: all) of the devices for whose key `wants` holds.

    With `every` also readings that left the value as it was, else only changed, first and
    momentary ones.
    """

    wants: Callable[[str], bool]
    property: str | None
    see: Callable[[Change, Event], None]
    every: bool = False


class OnName(Struct, frozen=True):
    """See internal events by channel (`webhook`, `emit`, `memory`, `startup`) and name."""

    channel: str
    name: str
    see: Callable[[Event], None]


class OnTime(Struct, frozen=True):
    """See the times that `next_after(epoch seconds)` names; None ends it.

    Times that fell due while the agent was down follow the pipeline's `missed` policy. `beats`:
    a steady beat, which goes on at once when the clock is set back.
    """

    next_after: Callable[[float], float | None]
    see: Callable[[float, Event], None]
    beats: bool = False


class OnChange(Struct, frozen=True):
    """Be called after any reading or remembered value has changed: for expressions that do not
    tell what they look at."""

    see: Callable[[Event], None]


class OnTick(Struct, frozen=True):
    """Be called now and then, at least once a minute: for expressions, which may tell the time."""

    see: Callable[[Event], None]


Watch = OnTopic | OnReading | OnName | OnTime | OnChange | OnTick
Arm = Callable[[Fire, Slots, Scope], Sequence[Watch]]
"""Make a trigger live: what to call when it fires, where its state is kept, the inputs it sees."""


class Calendar(Struct, frozen=True):
    """Times as others can show them, as they were written; empty: neither."""

    cron: str = ""
    every: Duration = ""


class Doubt(Struct, frozen=True):
    """Why something that reached a trigger did not fire it: in a word, in a clause, with values."""

    reason: str
    text: str
    values: dict[str, Any] = {}


Doubts = Callable[[Any, Scope], Doubt | None]
"""Called with the change or event that reached the trigger; None: nothing is known."""


class Trigger(Component, frozen=True):
    """Something that starts a run, or ends a wait."""

    @property
    def calendar(self) -> Calendar:
        """Its times, where they can be said so simply."""
        return Calendar()

    @abstractmethod
    def compile(self, tools: Tools) -> Arm:
        """Parse everything once; problems go to `tools.problem`."""

    def doubts(self, tools: Tools) -> Doubts:
        """Say what did not fit; compiled beside the trigger only when somebody asks why."""
        return lambda thing, scope: None
