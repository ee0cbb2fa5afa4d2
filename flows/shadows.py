"""Pipelines that only watch: each on its own memory and state, beside what runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from flows.lane import Host, Lane
from flows.ports import SettableClock
from flows.shadow import ShadowMemory, shadow_ports
from flows.slots import OwnedSlots
from flows.trying import Running
from pipelines.plan import BESIDE, Plan
from pipelines.ports import Ports
from pipelines.scope import Scope
from pipelines.trigger import OnName, OnTime, Watch
from schemas.event import Event
from schemas.identity import unique_id
from schemas.run import RunRecord

if TYPE_CHECKING:
    from flows.engine import Engine


class Shadows:
    """The shadows of an engine: those of the files, and versions put beside for a while."""

    def __init__(self, engine: Engine, live: Ports) -> None:
        self.lanes: dict[str, Lane] = {}
        self._engine = engine
        self._live = live
        self._hosts: dict[str, ShadowHost] = {}
        engine.service.host_of = self._host_of
        for owner in engine.store.owners("run/"):  # what was beside when the agent was killed
            kept = engine.store.view(owner).get("state")
            if kept and kept["pipeline"].endswith(BESIDE):
                engine.release(owner)
                engine.service.caution.forget(kept["pipeline"])
        for prefix in ("trigger", "queue", "shadow"):
            for owner in engine.store.owners(f"{prefix}/"):
                if owner.split("/")[1].endswith(BESIDE):
                    engine.release(owner)

    def ports(self, plan: Plan) -> Ports:
        """What a shadow is compiled for, in whichever thread."""
        host = self._hosts.get(plan.id)
        if host is None:
            memory = ShadowMemory(self._live.memory, self._live.clock)
            host = self._hosts[plan.id] = ShadowHost(self._engine, memory)
        host.memory.own |= plan.remembers
        return shadow_ports(self._live, host.memory)

    def put(self, plan: Plan, aside: Callable[[Plan], Plan]) -> Lane:
        """Run a version beside the live one of its id, under an id of its own.

        `aside` compiles it for these shadows. Its memory begins as the live one's, with all that
        either of them sets, and so does the state of those triggers that are the same.
        """
        original, name = plan.id, plan.id + BESIDE
        self.drop(name)
        live = self._engine.lanes.get(original)
        own = plan.remembers | (live.plan.remembers if live else frozenset())
        plan = aside(replace(plan, id=name, remembers=own))
        for gate in plan.gates:
            for part in (gate.key, f"{gate.key}/gate"):
                self._copy(f"trigger/{original}/{part}", f"trigger/{name}/{part}")
        lane = self.lanes[name] = Lane(plan, self._host_of(plan))
        lane.arm()
        return lane

    def drop(self, name: str) -> None:
        """End a version that runs beside, and forget its state."""
        lane = self.lanes.pop(name, None)
        if lane is not None:
            lane.retire()
            for fiber in tuple(lane.active.values()):
                fiber.cancel()
        for prefix in ("trigger", "queue", "shadow"):
            self._engine.release(f"{prefix}/{name}")
        self._hosts.pop(name, None)

    def close(self) -> None:
        """End all that run beside: the agent is going down."""
        for name in tuple(self.lanes):
            self.drop(name)

    def _copy(self, source: str, target: str) -> None:
        kept = self._engine.slots(target)
        for slot in self._engine.store.kept(source):
            kept.put(slot.key, slot.value, slot.due)

    def _host_of(self, plan: Plan) -> Host:
        if not plan.aside:
            return self._engine
        host = self._hosts[plan.id]
        host.memory.begin(self._engine.slots(f"shadow/{plan.id}"))
        return host


class ShadowHost:
    """The engine as a shadow's lane sees it (`flows.lane.Host`): `memory` triggers of keys that are
    the shadow's own hear only of what it sets itself."""

    def __init__(self, engine: Engine, memory: ShadowMemory) -> None:
        self.memory = memory
        self.clock: SettableClock = engine.clock
        self._engine = engine
        self._watchers: dict[str, list[Callable[[Event], None]]] = {}
        memory.on_change = self._changed

    @property
    def alive_until(self) -> float:
        """Since when times may have been missed."""
        return self._engine.alive_until

    def watch(self, watch: Watch) -> Callable[[], None]:
        """Attach a watch; the returned function detaches it."""
        if not (isinstance(watch, OnName) and watch.channel == "memory"):
            return self._engine.watch(watch)
        key, see = watch.name, watch.see
        own = self._watchers.setdefault(key, [])
        own.append(see)
        stop = self._engine.watch(
            OnName("memory", key, lambda event: None if self.memory.owns(key) else see(event))
        )

        def detach() -> None:
            own.remove(see)
            stop()

        return detach

    def watch_time(
        self, watch: OnTime, after: float, anew: Callable[[], float]
    ) -> Callable[[], None]:
        """Attach a schedule."""
        return self._engine.watch_time(watch, after, anew)

    def soon(self, call: Callable[[], None]) -> None:
        """Call when the event under way has been shown to everybody."""
        self._engine.soon(call)

    def slots(self, owner: str) -> OwnedSlots:
        """The durable state under an owner."""
        return self._engine.slots(owner)

    def release(self, owner: str) -> None:
        """Drop all state under an owner."""
        self._engine.release(owner)

    def submit(self, lane: Lane, scope: Scope) -> None:
        """Start a run when its turn has come."""
        self._engine.submit(lane, scope)

    def begun(self, event: Event) -> None:
        """A run begins with this event."""
        self._engine.begun(event)

    def ended(self, lane: Lane, record: RunRecord, event: Event) -> None:
        """A run has ended or begun to wait."""
        self._engine.ended(lane, record, event)

    def carried(self, plan: Plan, scope: Scope) -> Running:
        """Execute a plan of `path: flow`."""
        return self._engine.carried(plan, scope)

    def _changed(self, key: str, value: Any, previous: Any) -> None:
        now = self.clock.now()
        told = {"value": value, "previous": previous}
        event = Event(unique_id(), now, now, "memory", key, told)
        for see in tuple(self._watchers.get(key, ())):
            see(event)
        self._engine.router.changed(event)
