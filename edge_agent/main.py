"""The composition root: everything is made here and handed what it needs."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from edge_agent.announcements import Announcements
from edge_agent.board import limited
from edge_agent.channels.broker import with_broker
from edge_agent.channels.message import ChannelState
from edge_agent.channels.mqtt import MqttChannel
from edge_agent.clock import SystemClock
from edge_agent.devices.keeping import Keeping
from edge_agent.devices.patience import Patience, rules_of
from edge_agent.devices.profiles import load_profiles
from edge_agent.devices.registry import Registry
from edge_agent.devices.silence import SilenceWatch
from edge_agent.footprint import give_back
from edge_agent.gateway.live import Live
from edge_agent.gateway.ports import Gateway
from edge_agent.gateway.start import start as start_gateway
from edge_agent.intake import Intake
from edge_agent.intents.at_home import AtHome
from edge_agent.ledger.ledger import Ledger
from edge_agent.models.start import make_models, prepare_models
from edge_agent.monitoring.health import Health
from edge_agent.monitoring.measures import Measures, resident_bytes, watch
from edge_agent.monitoring.metrics import Metrics
from edge_agent.observers import publish_runs, show_runs, time_actions
from edge_agent.outside.world import World
from edge_agent.prefect.link import PrefectLink
from edge_agent.reloading.reloader import error_count
from edge_agent.reloading.start import make_reloader
from edge_agent.views.agent import AgentFacts
from edge_agent.views.devices import DevicesView
from edge_agent.views.files import FilesView
from edge_agent.views.history import HistoryView
from edge_agent.views.hooks import HooksView
from edge_agent.views.messages import MessagesView
from edge_agent.views.pipelines import PipelinesView
from edge_agent.views.replays import ReplaysView
from edge_agent.views.shadows import ShadowsView
from edge_agent.views.why import reasons_of
from firmware_profiles.profiles import Profiles
from flows.engine import Engine
from flows.memory import HomeMemory
from flows.windows.live import missed_readings
from pipelines.check import home_of
from pipelines.ports import Ports
from schemas.device import Publication
from schemas.settings import DeviceSettings, Settings

log = logging.getLogger(__name__)

_SETTLED = 2.0  # seconds after which nothing of the start is under way


class Agent:
    """One agent on the running loop: `start`, then `stopping` tells when to `stop`.

    `urls` is filled by `start`; `live` shows what happens.
    """

    def __init__(
        self, home: Path, settings: Settings, devices: Mapping[str, DeviceSettings], version: str
    ) -> None:
        self.home = home
        self.settings = limited(settings)
        self.version = version
        self.started = time.time()
        self.stopping = asyncio.Event()
        self.urls: dict[str, str] = {}
        self.live = Live()
        self._leave = contextlib.AsyncExitStack()
        self._up = False
        self._build(devices)

    # ------------------------------------------------------------------ making
    def _build(self, devices: Mapping[str, DeviceSettings]) -> None:
        settings, zone = self.settings, self.settings.agent.time_zone
        (data := self.home / "data").mkdir(parents=True, exist_ok=True)
        self.clock = SystemClock()
        self.metrics = Metrics()
        self.measures = Measures(self.metrics)
        self.health = Health()
        self.ledger = Ledger.open(data / "ledger.duckdb", settings.ledger, time_zone=zone)
        self._leave.push_async_callback(self.ledger.close)
        self.ledger.on_commit(self.measures.commit_seconds.observe)
        self.engine = Engine(self.clock, self.ledger, self.ledger.slots())
        found, self._profile_problems = load_profiles(self.home)
        self.profiles = Profiles(found, ZoneInfo(zone))
        patience = Patience(rules_of(found))
        self.registry = Registry(
            devices, encode=self.profiles.encode, send=self._send, patience=patience
        )
        self.registry.restore(self.ledger.devices())
        self.registry.recall(self.ledger.latest())
        self.memory = HomeMemory(self.ledger, self.clock.now, self.ledger.memory())
        self.memory.on_change = self.engine.remembered
        self.models = make_models(self.home, self.settings, self.metrics)
        self._leave.push_async_callback(self.models.close)
        self.understanding = AtHome(self.models, self.registry.directory)

    def _send(self, sent: Publication, run: int) -> None:
        self.channel.send(sent.topic, sent.payload, qos=sent.qos, retain=sent.retain, run=run)

    def _connect(self, settings: Settings) -> None:
        self.intake = Intake(
            profiles=self.profiles,
            registry=self.registry,
            ledger=self.ledger,
            engine=self.engine,
            live=self.live,
            counter=self.measures.events.labels("mqtt"),
            resubscribe=self._subscribe,
        )
        self.channel = MqttChannel(
            settings.mqtt,
            agent=settings.agent.name,
            home=self.home,
            clock=self.clock,
            ledger=self.ledger,
            deliver=self.intake.messages,
            settle=self._settle,
            on_state=self._on_state,
        )
        self.ledger.before_commit(self.channel.checkpoint)

    def _settle(self, number: int) -> None:
        self.ledger.when_durable(lambda durable: self.channel.ack(number))

    def _ports(self) -> Ports:
        self.world = World(self.settings.notify, self.channel, self.ledger.query)
        return Ports(
            self.clock, self.channel, self.registry, self.memory, self.world, self.engine,
            self.engine.calls, home_of(self.settings), self.ledger.past, self.understanding,
        )  # fmt: skip

    def _follow_files(self) -> None:
        self.files, self.shadows = make_reloader(
            self.home,
            ports=self._ports(),
            engine=self.engine,
            ledger=self.ledger,
            registry=self.registry,
            profiles=self.profiles,
            wrong_profiles=self._profile_problems,
        )

    async def start(self) -> None:
        """Bring everything up; returns when the pipelines are live and the broker is dialled.

        Raises:
            UserError: the gateway may not listen where the settings say.
            OSError: it cannot.
        """
        settings = await with_broker(self.settings, self._leave)
        self._connect(settings)
        self._follow_files()
        self.pipelines = PipelinesView(self.engine, self.files.problems_of)
        self.engine.on_run += [time_actions(self.measures), show_runs(self.live)]
        name, mqtt = settings.agent.name, settings.mqtt
        if mqtt.publish_runs:
            self.engine.on_run.append(publish_runs(name, self.channel.send))
        self.announcements = Announcements(
            name, self.version, self.engine, self.channel, wanted=mqtt.announce
        )
        self.prefect = PrefectLink(self.settings, self.home, self.ledger, self.engine)
        self.prefect.prepare()
        await self.ledger.flush()  # with what the engine has noted before it takes runs up
        self.files.start()
        self.files.on_swap.append(self.announcements.tell)
        prepare_models(self.models, self.engine.lanes, self.files.on_swap, self.health)
        self.silence = SilenceWatch(self.registry.availability, self.clock, self.intake.changed)
        self.silence.start(away=self.clock.now() - self.engine.alive_until)
        self._leave.callback(self.silence.stop)
        self.engine.router.on_subscriptions = self._subscribe
        self._subscribe()
        self.channel.start()
        self.urls["mqtt"] = f"mqtt://{mqtt.host}:{mqtt.port}"
        self._leave.push_async_callback(self.channel.stop)
        self._leave.push_async_callback(self.world.close)
        self._watch()
        self._leave.callback(Keeping(self.registry, self.ledger, self.clock).stop)
        self._leave.callback(self.engine.stop)
        self._leave.callback(self.shadows.close)
        self._leave.callback(self.files.follow())
        self._leave.push_async_callback(self.prefect.stop)
        self.prefect.start(self.urls)
        self._listen()
        self.clock.call_at(self.clock.now() + _SETTLED, give_back)

    def reload(self) -> None:
        """Put what has changed in the files in force; they are also watched."""
        self._reloading = asyncio.create_task(self.files.reload())

    async def stop(self) -> None:
        """Let runs be taken up later, say goodbye to the broker, commit everything."""
        await self._leave.aclose()

    def _subscribe(self) -> None:
        wanted = dict(self.engine.router.subscriptions())
        for topic in self.profiles.topics():
            wanted[topic] = max(1, wanted.get(topic, 0))
        if self.settings.mqtt.discover:
            wanted["#"] = 1
        self.channel.subscribe(wanted)

    def _on_state(self, state: ChannelState) -> None:
        self.silence.connected(state.connected)
        if state.connected:
            self.announcements.tell()
        if state.connected and not self._up:
            self._up = True
            self.engine.start()

    def _watch(self) -> None:
        self.health.watch("broker", lambda: self.channel.state.reason)
        self.health.watch("outbox", lambda: self.channel.figures().problem, essential=False)
        self.health.watch("ledger", lambda: self.ledger.stats.reason)
        self.health.watch("pipelines", lambda: error_count(self.files.problems), essential=False)
        self.health.watch("prefect", lambda: self.prefect.problem, essential=False)
        watch(
            self.metrics,
            runs=self.pipelines.run_counts,
            connected=lambda: self.channel.state.connected,
            outbox_rows=lambda: {"mqtt": self.channel.figures().queued, **self.prefect.waiting},
            lost_rows=lambda: self.ledger.stats.lost,
            missed_readings=lambda: missed_readings(self.engine.store),
            version=self.version,
        )

    def _listen(self) -> None:
        gateway = Gateway(
            pipelines=self.pipelines,
            history=HistoryView(self.ledger),
            devices=DevicesView(self.registry),
            hooks=HooksView(self.engine),
            messages=MessagesView(self.engine, self.understanding),
            agent=self._facts(),
            files=FilesView(self.files, self.ledger),
            shadows=ShadowsView(self.home, self.engine, self.shadows, self.files.compiler),
            reasons=reasons_of(self.files, home_of(self.settings), self.ledger, self.engine),
            models=self.models,
            replays=ReplaysView(self.home, home_of(self.settings), self.ledger, now=time.time),
            live=self.live,
            health=self.health,
            metrics=self.metrics,
            measures=self.measures,
        )
        entrance = start_gateway(gateway, self.settings.gateway, self.home / "data/agent.sock")
        self._leave.push_async_callback(entrance.stop)
        if entrance.port is not None:
            self.urls["gateway"] = f"http://{self.settings.gateway.host}:{entrance.port}"

    def _facts(self) -> AgentFacts:
        return AgentFacts(
            name=self.settings.agent.name, version=self.version, started=self.started,
            urls=self.urls, facts=self._figures, take=self.intake.message,
            messages=self.channel, stop=self.stopping.set,
        )  # fmt: skip

    def _figures(self) -> dict[str, Any]:
        return {
            "home": str(self.home),
            "broker": self.channel.state.reason or "connected",
            "pipelines": len(self.engine.lanes),
            "devices": len(self.registry.directory.devices),
            "messages": msgspec.to_builtins(self.channel.figures()),
            "unknown_topics": self.profiles.unknown,
            "ledger": msgspec.to_builtins(self.ledger.stats),
            "prefect": msgspec.to_builtins(self.prefect.figures()),
            "resident_bytes": resident_bytes(),
        }
