"""What stands in for the world in tests keeps the same promises as the world itself."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest

from edge_agent.clock import SystemClock
from edge_agent.devices.registry import Registry
from edge_agent.ledger.ledger import Ledger
from flows.memory import HomeMemory
from flows.ports import Recorder
from flows.rehearsal_ports import MemoryMessages, MemoryOutside, MemoryRecorder
from flows.virtual_clock import VirtualClock
from pipelines.ports import Clock, Devices, Messages, Outside
from schemas.device import Change, Command, Decoded, Publication, Reading
from schemas.event import Event
from schemas.run import Slot
from schemas.settings import DeviceSettings, LedgerSettings
from tests.flows.memory_devices import KnownDevice, MemoryDevices

LABELS = {"room": "cellar"}


class Reporting(Protocol):
    """Devices that can be made to report."""

    devices: Devices

    def report(self, device: str, property: str, value: Any, **how: Any) -> list[Change]:
        """A device reports a value."""

    def told(self) -> list[str]:
        """The devices that were told something."""


class InMemory:
    def __init__(self) -> None:
        known = {"freezer": KnownDevice(area="cellar", labels=LABELS, aliases=("fridge",))}
        self.memory = MemoryDevices(lambda: 1000.0, known)
        self.devices: Devices = self.memory

    def report(self, device: str, property: str, value: Any, **how: Any) -> list[Change]:
        return [self.memory.report(device, property, value, **how)]

    def told(self) -> list[str]:
        return [device for device, _ in self.memory.commands]


class InAgent:
    def __init__(self) -> None:
        freezer = DeviceSettings(
            key="test:freezer", area="cellar", labels=LABELS, aliases=["fridge"]
        )
        self.sent: list[str] = []
        self.registry = Registry(
            {"freezer": freezer},
            encode=lambda firmware, id, command: [Publication(id, "")],
            send=lambda publication, run: self.sent.append(publication.topic),
        )
        self.devices: Devices = self.registry

    def report(self, device: str, property: str, value: Any, **how: Any) -> list[Change]:
        retained = how.pop("retained", False)
        said = Decoded(firmware="test", device=device, channel="state", key=f"test:{device}")
        said.readings = [Reading(property, value, None, how.get("instance"))]
        if property == "available":
            said.readings, said.available = [], value
        event = Event(1, 1000.0, 1000.0, "mqtt", device, retain=retained)
        return self.registry.apply(said, event)

    def told(self) -> list[str]:
        return self.sent


@pytest.fixture(params=[InMemory, InAgent], ids=["in memory", "in the agent"])
def home(request: pytest.FixtureRequest) -> Reporting:
    made: Reporting = request.param()
    return made


def test_a_first_value_is_not_known_and_a_second_has_a_previous(home: Reporting) -> None:
    (first,) = home.report("freezer", "temperature", -18)
    (second,) = home.report("freezer", "temperature", -17)
    assert (first.known, first.previous, first.value) == (False, None, -18)
    assert (second.known, second.previous, second.value) == (True, -18, -17)
    assert (second.device, second.property, second.ts) == ("freezer", "temperature", 1000.0)


def test_an_action_is_momentary(home: Reporting) -> None:
    (change,) = home.report("button", "action", "single")
    assert change.momentary


def test_values_are_found_by_name_and_alias(home: Reporting) -> None:
    home.report("freezer", "temperature", -18)
    for name in ("freezer", "fridge"):
        assert home.devices.value(name, "temperature") == -18
        assert home.devices.since(name, "temperature") == 1000.0
    assert home.devices.value("freezer", "humidity") is None
    assert home.devices.value("nobody", "humidity") is None
    assert home.devices.since("freezer", "humidity") is None


def test_instances_are_values_of_their_own(home: Reporting) -> None:
    home.report("relay", "state", "on", instance="0")
    home.report("relay", "state", "off", instance="1")
    assert home.devices.value("relay", "state", "1") == "off"
    assert home.devices.value("relay", "state", "2") is None


def test_availability_is_a_property(home: Reporting) -> None:
    home.report("freezer", "temperature", -18)
    (change,) = home.report("freezer", "available", False)
    assert (change.property, change.value) == ("available", False)
    assert home.devices.value("freezer", "available") is False


@pytest.mark.parametrize(
    "selector",
    ["freezer", "fridge", "free*", ["freezer"], {"label": "room=cellar"}, {"label": "room"},
     {"area": "cellar"}],
    ids=str,
)  # fmt: skip
def test_a_device_is_meant_by_name_alias_glob_list_label_and_area(
    home: Reporting, selector: Any
) -> None:
    home.report("lamp", "state", "on")
    chosen = home.devices.keys(selector)
    assert [home.devices.name(key) for key in chosen] == ["freezer"]
    test = home.devices.select(selector)
    assert [key for key in home.devices.keys() if test(key)] == chosen  # noqa: SIM118


def test_a_selector_follows_new_devices(home: Reporting) -> None:
    test = home.devices.select("lamp*")
    (change,) = home.report("lamp_2", "state", "on")
    assert test(change.key)


def test_a_command_reaches_the_device(home: Reporting) -> None:
    assert home.devices.command("freezer", Command(set={"state": "on"})) is None
    assert home.told() == ["freezer"]


def test_names_of_strangers_are_left_as_they_are(home: Reporting) -> None:
    assert home.devices.name("nobody") == "nobody"
    assert home.devices.name("fridge") == "freezer"


Pass = Callable[[asyncio.Event], Awaitable[None]]


@asynccontextmanager
async def _clock(kind: str) -> AsyncIterator[tuple[Clock, Pass]]:
    if kind == "virtual":
        clock = VirtualClock()

        async def advance(until: asyncio.Event) -> None:
            await clock.advance(1)
            assert until.is_set()

        yield clock, advance
        return

    async def wait(until: asyncio.Event) -> None:
        await asyncio.wait_for(until.wait(), 5)

    yield SystemClock(), wait


@pytest.mark.parametrize("kind", ["virtual", "system"])
def test_deadlines_come_in_order_and_never_before_call_at_returns(kind: str) -> None:
    async def play() -> list[str]:
        async with _clock(kind) as (clock, let_pass):
            called, done, now = list[str](), asyncio.Event(), clock.now()
            clock.call_at(now + 0.03, done.set)
            clock.call_at(now + 0.02, lambda: called.append("late"))
            clock.call_at(now + 0.01, lambda: called.append("early"))
            clock.call_at(now + 0.015, lambda: called.append("never")).cancel()
            clock.call_at(0, lambda: called.append("past"))
            assert not called
            await let_pass(done)
            return called

    assert asyncio.run(play()) == ["past", "early", "late"]


@pytest.mark.parametrize("kind", ["virtual", "system"])
def test_a_deadline_may_set_another(kind: str) -> None:
    async def play() -> None:
        async with _clock(kind) as (clock, let_pass):
            done = asyncio.Event()

            def again() -> None:
                clock.call_at(0, done.set)

            clock.call_at(0, again)
            await let_pass(done)

    asyncio.run(play())


@asynccontextmanager
async def _recorder(kind: str, folder: Path) -> AsyncIterator[tuple[Any, Callable[[], Any]]]:
    if kind == "memory":

        async def nothing() -> None:
            return None

        yield MemoryRecorder(), nothing
        return
    ledger = Ledger.open(folder / "ledger.duckdb", LedgerSettings())
    yield ledger, ledger.flush
    await ledger.close()


@pytest.mark.parametrize("kind", ["memory", "ledger"])
def test_slots_and_memories_are_kept_replaced_and_dropped(kind: str, tmp_path: Path) -> None:
    async def play() -> None:
        async with _recorder(kind, tmp_path) as (recorder, settled):
            keeper: Recorder = recorder
            keeper.put(Slot("a/0", "k", {"x": 1}, 5.0))
            keeper.put(Slot("a/0", "k", {"x": 2}, 6.0))
            keeper.put(Slot("a/0", "l", None))
            keeper.put(Slot("b", "k", True))
            keeper.put(Slot("c", "k", True))
            keeper.drop("a/0", "l")
            keeper.drop("b")
            memory = HomeMemory(recorder, lambda: 7.0)
            memory.set("a", [1])
            memory.set("b", 1)
            memory.set("b", None)
            await settled()
            slots = sorted((s.owner, s.key, s.value, s.due) for s in keeper.slots())
            assert slots == [("a/0", "k", {"x": 2}, 6.0), ("c", "k", True, None)]
            assert [*recorder.memory()] == [("a", [1], 7.0)]

    asyncio.run(play())


def test_the_rest_of_the_world_is_noted() -> None:
    messages = MemoryMessages()
    outside = MemoryOutside()
    as_messages: Messages = messages
    as_outside: Outside = outside
    as_messages.send("a", b"1", qos=1)
    assert messages.sent == [Publication("a", b"1", 1, False)]
    asyncio.run(as_outside.notify("family", "T", "m", {}))  # type: ignore[arg-type]
    assert outside.notified == [("family", "T", "m", {})]
    with pytest.raises(OSError, match="no stub answers"):
        asyncio.run(as_outside.request("GET", "http://a"))  # type: ignore[arg-type]
