"""A pipeline's `tests:` played on a virtual clock, in a home that is all in memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from flows.engine import Engine
from flows.memory import HomeMemory
from flows.rehearsal_past import MemoryPast
from flows.rehearsal_ports import (
    HttpStub,
    KnownDevice,
    MemoryDevices,
    MemoryMessages,
    MemoryOutside,
    MemoryRecorder,
    VirtualClock,
)
from flows.wire import to_wire
from pipelines.plan import Plan
from pipelines.ports import Home, Ports
from schemas.device import Change
from schemas.event import Event
from schemas.fields import seconds
from schemas.identity import unique_id

BERLIN = Home("home", "Europe/Berlin", 52.52, 13.40)

Compile = Callable[[Ports], Sequence[Plan]]
Decode = Callable[[MemoryDevices, Event], list[Change]]
"""What a message says about devices: the changes it makes to what is known of them."""

_FIELDS = {"publish": "topic", "device": "device", "notify": "to", "http": "url", "emit": "name"}
_QUIET = {"remember", "run"}  # what may be expected, but need not be


class Given(Struct, frozen=True, forbid_unknown_fields=True):
    """What is so when a test begins."""

    time: str = "2026-01-10T12:00:00+01:00"
    readings: list[dict[str, Any]] = []
    memory: dict[str, Any] = {}
    devices: dict[str, KnownDevice] = {}


class Stub(Struct, frozen=True, forbid_unknown_fields=True):
    """How the world outside answers."""

    http: list[HttpStub] = []
    rows: list[dict[str, Any]] = []


class Script(Struct, frozen=True, forbid_unknown_fields=True):
    """One entry of `tests:`."""

    name: str
    given: Given = Given()
    script: list[Any] = []
    stub: Stub = Stub()


class Unexpected(AssertionError):
    """The pipelines did not do what a test expects; the text shows both."""


async def rehearse(
    script: Script, compile_plans: Compile, decode: Decode | None = None, home: Home = BERLIN
) -> Stage:
    """Play one test; returns the home as it is in the end.

    Raises:
        Unexpected: an expected effect did not come, or one came that nobody expected.
    """
    stage = Stage(script, compile_plans, decode or zigbee2mqtt, home)
    for step in script.script:
        await stage.play(step)
    stage.expect("nothing")
    return stage


class Stage:
    """The home in which one test is played."""

    def __init__(self, script: Script, compile_plans: Compile, decode: Decode, home: Home) -> None:
        start = datetime.fromisoformat(script.given.time)
        zone = ZoneInfo(home.time_zone)
        self.clock = VirtualClock(
            (start if start.tzinfo else start.replace(tzinfo=zone)).timestamp()
        )
        self.recorder = MemoryRecorder()
        self.past = MemoryPast()
        self.messages = MemoryMessages()
        self.devices = MemoryDevices(self.clock.now, script.given.devices)
        rows = script.stub.rows
        self.outside = MemoryOutside(script.stub.http, lambda sql, params: rows)
        self._compile, self._decode, self._home = compile_plans, decode, home
        self._seen: dict[int, int] = {}
        self._ended: list[dict[str, Any]] = []
        self._finished: set[int] = set()
        for reading in script.given.readings:
            self.devices.report(**reading)
        for key, value in script.given.memory.items():
            self.recorder.remember(key, value, self.clock.now())
        self.engine = self._start()

    async def play(self, step: Any) -> None:
        """Do one step of the script."""
        kind, value = (step, None) if isinstance(step, str) else next(iter(step.items()))
        play = getattr(self, f"_play_{kind}", None)
        if play is None:
            raise Unexpected(f"a script has no step `{kind}`")
        await self.clock.advance()
        await play(value)
        await self.clock.advance()

    def expect(self, wanted: Any) -> None:
        """Compare the effects since the last time with those wanted, in any order."""
        effects = list(self._new_effects())
        missing = []
        for each in _wanted(wanted):
            found = next((e for e in effects if _matches(e, each)), None)
            if found is None:
                missing.append(each)
            else:
                effects.remove(found)
        self._ended = [effect for effect in effects if "run" in effect]
        surplus = [effect for effect in effects if _QUIET.isdisjoint(effect)]
        if missing or surplus:
            raise Unexpected("\n".join([_difference(missing, surplus), *self._failures()]))

    def _failures(self) -> Iterator[str]:
        for record in self.recorder.runs.values():
            if record.error:
                yield f"! {record.pipeline} {record.state}: {record.error}"

    def _start(self) -> Engine:
        engine = Engine(self.clock, self.recorder, self.recorder.slots())
        memory = HomeMemory(self.recorder, self.clock.now, self.recorder.memory())
        memory.on_change = engine.remembered
        self.memory = memory
        ports = Ports(
            clock=self.clock, messages=self.messages, devices=self.devices, memory=memory,
            outside=self.outside, bus=engine, runs=engine.calls, home=self._home, past=self.past,
        )  # fmt: skip
        engine.load(self._compile(ports))
        engine.start()
        return engine

    async def _play_publish(self, message: Mapping[str, Any]) -> None:
        raw = to_wire(message.get("payload", ""))
        event = self._event(message["topic"], raw, retain=message.get("retain", False))
        self._handle(event, self._decode(self.devices, event))

    async def _play_report(self, reading: dict[str, Any]) -> None:
        change = self.devices.report(**reading)
        self._handle(self._event(f"report/{change.device}", ""), [change])

    def _handle(self, event: Event, changes: Sequence[Change]) -> None:
        self.past.message(event, changes)
        self.engine.handle(event, changes)

    async def _play_remember(self, values: Mapping[str, Any]) -> None:
        for key, value in values.items():
            self.memory.set(key, value)

    async def _play_emit(self, event: Any) -> None:
        named = event if isinstance(event, Mapping) else {"name": event}
        self.engine.emit(named["name"], named.get("payload"))

    async def _play_webhook(self, call: Any) -> None:
        named = call if isinstance(call, Mapping) else {"name": call}
        self.engine.internal("webhook", named["name"], named.get("payload"))

    async def _play_restart(self, away: str | None) -> None:
        self.engine.stop()
        await self.clock.advance(seconds(away or "0s"))
        self.engine = self._start()

    async def _play_advance(self, time: str) -> None:
        await self.clock.advance(seconds(time))

    async def _play_offline(self, time: str) -> None:
        await self.clock.advance(seconds(time))

    async def _play_expect(self, wanted: Any) -> None:
        self.expect(wanted)

    def _event(self, topic: str, raw: bytes | str, *, retain: bool = False) -> Event:
        data = raw.encode() if isinstance(raw, str) else raw
        now = self.clock.now()
        return Event(unique_id(), now, now, "mqtt", topic, _parsed(data), raw=data, retain=retain)

    def _new_effects(self) -> Iterator[dict[str, Any]]:
        yield from self._ended
        for run, record in self.recorder.runs.items():
            for effect in record.effects[self._seen.get(run, 0) :]:
                yield _shown(effect.kind, effect.target, effect.payload)
            self._seen[run] = len(record.effects)
            if record.finished is not None and run not in self._finished:
                self._finished.add(run)
                yield {"run": record.pipeline, "state": record.state, "error": record.error}


def zigbee2mqtt(devices: MemoryDevices, event: Event) -> list[Change]:
    """Messages under `zigbee2mqtt/` as if every payload used the common vocabulary."""
    prefix, _, name = event.source.partition("/")
    if prefix != "zigbee2mqtt" or not isinstance(event.payload, dict):
        return []
    if name.endswith("/availability"):
        available = event.payload["state"] == "online"
        return [devices.report(name.removesuffix("/availability"), "available", available)]
    return [
        devices.report(name, key, value, retained=event.retain)
        for key, value in event.payload.items()
    ]


def _parsed(raw: bytes) -> Any:
    try:
        return msgspec.json.decode(raw)
    except msgspec.DecodeError:
        return raw.decode("utf-8", "replace")


def _wanted(wanted: Any) -> Iterator[dict[str, Any]]:
    if wanted == "nothing":
        return
    for each in wanted if isinstance(wanted, list) else [wanted]:
        kind = next((k for k in each if k in _FIELDS or k in _QUIET), None)
        if kind is None:
            raise Unexpected(f"this names no effect: {each}")
        inner = each[kind]
        if isinstance(inner, Mapping):  # {publish: {topic: …, payload: …}}
            rest = {key: value for key, value in inner.items() if key != _FIELDS[kind]}
            yield {kind: inner[_FIELDS[kind]], **rest}
        else:
            yield dict(each)


def _shown(kind: str, target: str, payload: Any) -> dict[str, Any]:
    if kind == "remember":
        return {kind: target, "value": payload}
    if kind in ("publish", "emit"):
        return {kind: target, "payload": payload}
    return {kind: target, **payload}


def _matches(effect: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return all(key in effect and effect[key] == value for key, value in wanted.items())


def _difference(missing: Sequence[Any], surplus: Sequence[Any]) -> str:
    lines = [f"- {_line(each)}" for each in missing] + [f"+ {_line(each)}" for each in surplus]
    return "\n".join(["expected (-) and happened (+):", *lines])


def _line(effect: Any) -> str:
    return json.dumps(effect, ensure_ascii=False, default=str)
