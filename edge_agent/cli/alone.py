"""A home nobody runs: its ledger opened for one call, and the broker reached when it must be."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from edge_agent.board import limited
from edge_agent.channels.mqtt import MqttChannel
from edge_agent.cli.problems import Outside, mistake
from edge_agent.clock import SystemClock
from edge_agent.devices.profiles import load_profiles
from edge_agent.devices.registry import Registry
from edge_agent.ledger.ledger import Ledger
from edge_agent.ledger.problems import LedgerProblem
from edge_agent.loading import compile_home, compiler_of
from edge_agent.outside.world import World
from edge_agent.reloading.rollback import roll_back
from edge_agent.replaying.verdict import Present
from edge_agent.views.agent import wires
from edge_agent.views.devices import DevicesView
from edge_agent.views.history import HistoryView
from edge_agent.views.pipelines import PipelinesView
from edge_agent.views.replays import ReplaysView
from edge_agent.views.versions import VersionsView
from edge_agent.views.why import ReasonsView
from firmware_profiles.profiles import Profiles
from flows.engine import Engine
from flows.memory import HomeMemory
from flows.slots import alive_until
from pipelines import nowhere
from pipelines.check import home_of
from pipelines.ports import Ports
from pipelines.settings import load_devices
from schemas.api import DeviceView, Message, QueryAnswer, RunPage, RunQuery, RunStarted, StartRun
from schemas.device import Command, Publication
from schemas.files import RolledBack, VersionText, VersionView
from schemas.problem import UserError
from schemas.replays import RecordedPage, RecordedQuery, ReplayReport, ReplayRequest
from schemas.settings import Settings
from schemas.traces import Trace
from schemas.why import WhyNot

T = TypeVar("T")
CONNECT_SECONDS = 10.0


@contextmanager
def opened(home: Path, settings: Settings) -> Iterator["HomeAlone"]:
    """The home for one call.

    Raises:
        Outside: the ledger cannot be opened.
    """
    logging.getLogger("edge_agent").addHandler(logging.NullHandler())
    with asyncio.Runner() as runner:
        alone = _outcome(lambda: runner.run(_made(home, settings, runner)))
        try:
            yield alone
        finally:
            runner.run(alone.close())


async def _made(home: Path, settings: Settings, runner: asyncio.Runner) -> "HomeAlone":
    return HomeAlone(home, settings, runner)


def _outcome(work: Callable[[], T]) -> T:
    """The result; what goes wrong becomes the user's mistake, or something outside."""
    try:
        return work()
    except UserError:
        raise
    except (LedgerProblem, OSError) as error:
        raise Outside(str(error)) from error
    except LookupError as error:
        raise mistake(str(error)) from error


class HomeAlone:
    """Answers as a running agent would (`edge_agent.cli.agent.Agent`). No trigger is armed here;
    nothing that comes from the broker is taken in."""

    def __init__(self, home: Path, settings: Settings, runner: asyncio.Runner) -> None:
        self._home, self._settings, self._runner = home, settings, runner
        zone = settings.agent.time_zone
        (home / "data").mkdir(exist_ok=True)
        self._ledger = Ledger.open(
            home / "data" / "ledger.duckdb", limited(settings).ledger, time_zone=zone
        )
        self._profiles = Profiles(load_profiles(home)[0], ZoneInfo(zone))
        self._registry = Registry(
            load_devices(home)[0], encode=self._profiles.encode, send=self._publish
        )
        self._registry.restore(self._ledger.devices())
        self._registry.recall(self._ledger.latest())
        self._online = asyncio.Event()
        self._clock = SystemClock()
        self._channel = self._made_channel()
        self._dialled = False
        self._world = World(settings.notify, self._channel, self._ledger.query)

    def start(self, pipeline: str, request: StartRun) -> RunStarted:
        """Start a run by hand and wait for its end."""
        return self._do(self._start(pipeline, msgspec.structs.replace(request, wait=True)))

    def runs(self, query: RunQuery) -> RunPage:
        """Runs, newest first."""
        return self._do(HistoryView(self._ledger).runs(query))

    def trace(self, run: str) -> Trace:
        """One run by its id."""
        return self._do(HistoryView(self._ledger).trace(UUID(run).int))

    def why_not(self, pipeline: str, at: datetime | None) -> WhyNot:
        """Why a pipeline did not run at a time, by default now."""
        resting = Present(resting_since=alive_until(self._ledger.slots()))
        view = ReasonsView(
            self._home.resolve(),
            home_of(self._settings),
            self._ledger,
            now=self._clock.now,
            present=lambda pipeline: resting,
        )
        return self._do(view.why_not(pipeline, None if at is None else at.timestamp()))

    def replay(self, request: ReplayRequest) -> ReplayReport:
        """What pipelines would have done in the past."""
        return self._do(self._replays().replay(request))

    def recorded(self, query: RecordedQuery) -> RecordedPage:
        """MQTT messages that came, a page at a time."""
        return self._do(self._replays().recorded(query))

    def _replays(self) -> ReplaysView:
        home = home_of(self._settings)
        return ReplaysView(self._home.resolve(), home, self._ledger, now=self._clock.now)

    def versions(self, pipeline: str) -> Sequence[VersionView]:
        """The versions of a pipeline, newest first."""
        return self._do(VersionsView(self._ledger).versions(pipeline))

    def version(self, pipeline: str, number: int) -> VersionText:
        """What one of them said."""
        return self._do(VersionsView(self._ledger).version(pipeline, number))

    def rollback(self, pipeline: str, number: int | None) -> RolledBack:
        """Write a version back into its file; the next start puts it in force."""
        home = self._home.resolve()
        back = self._do(VersionsView(self._ledger).way_back(pipeline, number))
        return roll_back(home, back, compiler_of(nowhere.ports(home_of(self._settings))))

    def devices(self) -> Sequence[DeviceView]:
        """Every device."""
        return self._do(DevicesView(self._registry).all())

    def unknown(self) -> Mapping[str, int]:
        """Nobody has listened here.

        Raises:
            Outside: always.
        """
        raise Outside(f"no agent runs in {self._home}: start it with `hearth up`, or `--scan 30s`")

    def command(self, device: str, command: Command) -> None:
        """Tell a device what to do."""
        self._do(self._command(device, command))

    def query(self, sql: str, params: dict[str, Any]) -> QueryAnswer:
        """Read-only SQL."""
        return self._do(HistoryView(self._ledger).query(sql, params))

    def send(self, messages: Sequence[Message]) -> int:
        """Publish: there is nobody here to take messages in."""
        self._do(self._send(messages))
        return len(messages)

    async def close(self) -> None:
        """Send what waits to be sent, commit, let go."""
        if self._dialled:
            await self._channel.stop()
        await self._world.close()
        await self._ledger.close()

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return _outcome(lambda: self._runner.run(work))

    async def _start(self, pipeline: str, request: StartRun) -> RunStarted:
        if not request.dry_run and self._settings.mqtt.host:
            await self._connected()
        engine = Engine(self._clock, self._ledger)
        memory = HomeMemory(self._ledger, self._clock.now, self._ledger.memory())
        ports = Ports(
            self._clock, self._channel, self._registry, memory, self._world, engine,
            engine.calls, home_of(self._settings),
        )  # fmt: skip
        compiled = compile_home(self._home, ports)
        engine.load([msgspec.structs.replace(plan, gates=()) for plan in compiled.plans])
        if pipeline not in engine.lanes and compiled.bad:
            raise UserError(*compiled.problems)
        return await PipelinesView(engine, lambda plan: ()).start(pipeline, request)

    async def _command(self, device: str, command: Command) -> None:
        await self._connected()
        await DevicesView(self._registry).command(device, command)

    async def _send(self, messages: Sequence[Message]) -> None:
        payloads = wires(messages)
        await self._connected()
        for message, payload in zip(messages, payloads, strict=True):
            self._channel.send(message.topic, payload, qos=message.qos, retain=message.retain)

    def _publish(self, publication: Publication, run: int) -> None:
        self._channel.send(
            publication.topic, publication.payload, qos=publication.qos, retain=publication.retain
        )

    def _made_channel(self) -> MqttChannel:
        name = f"{self._settings.agent.name}-cli"
        return MqttChannel(
            msgspec.structs.replace(self._settings.mqtt, client_id=f"hearth-{name}"),
            agent=name,
            home=self._home / "data" / "cli",
            clock=self._clock,
            ledger=self._ledger,
            deliver=deque.clear,
            settle=lambda number: self._channel.ack(number),
            on_state=lambda state: self._online.set() if state.connected else None,
        )

    async def _connected(self) -> None:
        """Reach the broker.

        Raises:
            OSError: none is configured, or it does not answer.
        """
        mqtt = self._settings.mqtt
        if mqtt.host is None:
            raise OSError(f"no agent runs in {self._home}: start it with `hearth up`")
        if not self._dialled:
            self._dialled = True
            self._channel.start()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await self._online.wait()
        except TimeoutError:
            reason = self._channel.state.reason
            raise OSError(f"the broker {mqtt.host}:{mqtt.port}: {reason}") from None
