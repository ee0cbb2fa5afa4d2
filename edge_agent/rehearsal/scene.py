"""Where a test is played: the agent put together as in `main`, with a virtual clock and broker."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from edge_agent.channels.memory import MemoryChannel
from edge_agent.channels.message import ChannelState, Message, each
from edge_agent.devices.patience import Patience, rules_of
from edge_agent.devices.registry import Registry
from edge_agent.devices.silence import SilenceWatch
from edge_agent.gateway.live import Live
from edge_agent.intake import Intake
from edge_agent.monitoring.metrics import Counter
from edge_agent.rehearsal.contract import RehearsalLedger, Surroundings
from edge_agent.rehearsal.devices import FIRMWARE, WillingDevices, keys_in, settings_of
from firmware_profiles.profiles import Profiles
from firmware_profiles.vocabulary import unit_of
from flows.engine import Engine
from flows.memory import HomeMemory
from flows.messages import understood
from flows.rehearsal_models import StubbedModels
from flows.rehearsal_outside import StubbedOutside
from flows.rehearsal_times import epoch
from flows.virtual_clock import VirtualClock
from pipelines.ports import Home, Ports
from pipelines.rehearsal import Rehearsal
from schemas.device import Change, Decoded, Reading
from schemas.event import Event
from schemas.fields import seconds
from schemas.identity import unique_id
from schemas.message import Said
from schemas.rehearsal import Report


class AgentScene:
    """An agent that is all in memory (`flows.rehearsal.Scene`); `open_ledger` opens what it keeps
    again after each restart."""

    def __init__(
        self,
        test: Rehearsal,
        around: Surroundings,
        open_ledger: Callable[[Callable[[], float]], RehearsalLedger],
    ) -> None:
        self.test = test
        self.around = around
        self.home = _home(test, around.home)
        self.zone = ZoneInfo(self.home.time_zone)
        self.clock = VirtualClock(epoch(test.given.time, self.zone))
        self.sent: dict[int, list[dict[str, Any]]] = defaultdict(list)
        self.broker = MemoryChannel(
            deliver=each(self._deliver),
            settle=lambda number: None,
            on_state=self._on_state,
            now=self.clock.now,
        )
        self.life: AgentLife | None = None
        self.outside = StubbedOutside(test.stub, self._ask)
        self._open = open_ledger
        self._lives = 0
        self.heard: list[tuple[Event, Sequence[Change]]] = []
        self._unsent: list[Callable[[], None]] = []

    @cached_property
    def keys(self) -> Mapping[str, str]:
        """The keys of the devices that the script's messages tell of, by name."""
        return keys_in(self.test.acts, Profiles(self.around.profiles, self.zone))

    async def start(self) -> AgentLife:
        """The agent starts on its ledger."""
        self._lives += 1
        self.broker.begin_anew()
        self.life = AgentLife(self, self._open(self.clock.now), is_first=self._lives == 1)
        return self.life

    def _deliver(self, message: Message) -> None:
        def take() -> None:
            if self.life is not None:
                self.life.receive(msgspec.structs.replace(message, id=unique_id()))

        self.clock.call_at(0, take)

    def when_connected(self, callback: Callable[[], None]) -> None:
        """Call back at once, or when what waits to be sent has reached the broker."""
        if self.broker.state.connected:
            self.clock.call_at(0, callback)
        else:
            self._unsent.append(callback)

    def _on_state(self, state: ChannelState) -> None:
        if self.life is not None:
            self.life.on_state(state)
        if state.connected:
            unsent, self._unsent = self._unsent, []
            for callback in unsent:
                self.clock.call_at(0, callback)

    def _ask(self, sql: str, params: Mapping[str, Any]) -> Awaitable[list[dict[str, Any]]]:
        assert self.life is not None
        return self.life.ask(sql, params)


class AgentLife:
    """One life of the agent (`flows.rehearsal.Life`): as `edge_agent.main` puts it together."""

    def __init__(self, scene: AgentScene, ledger: RehearsalLedger, *, is_first: bool) -> None:
        self._scene = scene
        self._now = scene.clock.now
        self._up = False
        self._silence: SilenceWatch | None = None
        self._patience = Patience(rules_of(scene.around.profiles))
        self.ledger = ledger
        self.engine = Engine(scene.clock, ledger, ledger.slots())
        self.profiles = Profiles(scene.around.profiles, scene.zone)
        self.registry = self._registry()
        self.memory = HomeMemory(ledger, scene.clock.now, ledger.memory())
        self.intake = Intake(
            profiles=self.profiles, registry=self.registry, ledger=self, engine=self.engine,
            live=Live(), counter=Counter(), resubscribe=self._subscribe,
        )  # fmt: skip
        if is_first:
            self._give()
        self.memory.on_change = self.engine.remembered
        self.engine.load(scene.around.compile(self._ports()))
        self.registry.availability.not_listening(max(0.0, self._now() - self.engine.alive_until))
        self._listen_for_silence()
        self.engine.router.on_subscriptions = self._subscribe
        self._subscribe()

    def on_state(self, state: ChannelState) -> None:
        """The connection to the broker has come or gone; the first time everything is up."""
        if self._silence is not None:
            self._silence.connected(state.connected)
        if state.connected and not self._up:
            self._up = True
            self.engine.start()

    def message(self, event: Event, changes: Sequence[Change]) -> None:
        """Record what came in (`edge_agent.intake.Keeper`), and note it for who reads a failure."""
        self._scene.heard.append((event, changes))
        self.ledger.message(event, changes)

    def receive(self, message: Message) -> None:
        """A message has come."""
        self.intake.message(message)
        self._listen_for_silence()

    def _listen_for_silence(self) -> None:
        """Watch for silence once there is a device whose silence would say something."""
        devices = self.registry.directory.devices.values()
        if self._silence is not None or not any(map(self._patience.limit, devices)):
            return
        scene = self._scene
        self._silence = SilenceWatch(self.registry.availability, scene.clock, self.intake.changed)
        self._silence.connected(scene.broker.state.connected)
        self._silence.start(away=0.0)

    def report(self, report: Report, age: float) -> None:
        """A device reports a value."""
        now = self._now()
        event = Event(
            unique_id(), now, now, "mqtt", f"report/{report.device}", report.value,
            retain=report.retained, age=age,
        )  # fmt: skip
        self.intake.changed(event, self._apply(report, event))
        self._listen_for_silence()

    async def ask(self, sql: str, params: Mapping[str, Any]) -> list[dict[str, Any]]:
        """A query sees all that was recorded before it."""
        await self.ledger.flush()
        return await self.ledger.query(sql, params)

    async def understand(self, said: Said) -> Said:
        """What no stub answers for is not understood."""
        try:
            return await understood(said, StubbedModels(self._scene.test.stub.models))
        except LookupError:
            return said

    async def stop(self) -> None:
        """As the agent does it: runs are let go, devices written, everything committed."""
        self._scene.life = None
        if self._silence is not None:
            self._silence.stop()
        self.engine.stop()
        for row in self.registry.changed_rows():
            self.ledger.device(row)
        await self.ledger.close()

    # ------------------------------------------------------------------ making
    def _registry(self) -> Registry:
        scene = self._scene
        settings = settings_of(scene.test.given, scene.around.devices, scene.keys)
        registry = Registry(
            settings,
            encode=self.profiles.encode,
            send=lambda letter, run: None,
            patience=self._patience,
        )
        for name, entry in settings.items():
            device = registry.directory.devices[entry.key]
            if device.firmware == FIRMWARE and device.id.startswith("0x"):
                registry.directory.rename(device, name)  # nobody has told its name there yet
        registry.restore(self.ledger.devices())
        registry.recall(self.ledger.latest())
        return registry

    def _ports(self) -> Ports:
        scene = self._scene
        devices = WillingDevices(self.registry, scene.test.given.devices, self._tell)
        return Ports(
            scene.clock, _Sending(scene), devices, self.memory, scene.outside, self.engine,
            self.engine.calls, scene.home, self.ledger.past,
            StubbedModels(scene.test.stub.models),
        )  # fmt: skip

    def _subscribe(self) -> None:
        wanted = dict(self.engine.router.subscriptions())
        for topic in self.profiles.topics():
            wanted[topic] = max(1, wanted.get(topic, 0))
        self._scene.broker.subscribe(wanted)

    # ------------------------------------------------------------------ what devices say
    def _give(self) -> None:
        """What is so when the test begins: readings and memories, before anybody watches."""
        given, now = self._scene.test.given, self._now()
        for reading in given.readings:
            ts = now - (seconds(reading.ago) if reading.ago else 0.0)
            event = Event(unique_id(), ts, ts, "mqtt", f"report/{reading.device}", reading.value)
            report = Report(
                device=reading.device, property=reading.property, value=reading.value,
                instance=reading.instance,
            )  # fmt: skip
            self.ledger.message(event, self._apply(report, event))
        for key, value in given.memory.items():
            self.memory.set(key, value)

    def _apply(self, report: Report, event: Event) -> Sequence[Change]:
        known = self.registry.get(report.device)
        key = known.key if known else self._scene.keys.get(report.device)
        key = key or f"{FIRMWARE}:{report.device}"
        said = Decoded(
            firmware=key.partition(":")[0], device=known.id if known else report.device,
            channel="state", key=key,
        )  # fmt: skip
        if report.property == "available":
            said.available = bool(report.value)
        else:
            instance = None if report.instance is None else str(report.instance)
            unit = unit_of(report.property)
            said.readings = [Reading(report.property, report.value, unit, instance)]
        version = self.registry.directory.version
        changes = self.registry.apply(said, event)
        if self.registry.directory.version != version:
            self.engine.router.devices_changed()
        return changes

    def _tell(self, report: Report) -> None:
        """A device that was told something reports it when the message has reached it."""
        scene = self._scene

        def tell() -> None:
            if scene.life is not None:
                scene.life.report(report, 0.0)

        scene.when_connected(tell)


class _Sending:
    """The messages of runs on their way out (`pipelines.ports.Messages`)."""

    def __init__(self, scene: AgentScene) -> None:
        self._scene = scene

    def send(
        self, topic: str, payload: bytes | str, *, qos: int = 0, retain: bool = False, run: int = 0
    ) -> None:
        """Note how a message goes out, and send it."""
        self._scene.sent[run].append({"qos": qos, "retain": retain})
        self._scene.broker.send(topic, payload, qos=qos, retain=retain, run=run)


def _home(test: Rehearsal, home: Home) -> Home:
    given = test.given.home
    return Home(
        home.name,
        given.time_zone or home.time_zone,
        home.latitude if given.latitude is None else given.latitude,
        home.longitude if given.longitude is None else given.longitude,
    )
