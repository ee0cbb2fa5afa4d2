"""The agent's link to Prefect: the server it uses and what goes there, started and stopped."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from edge_agent.ledger.ledger import Ledger
from edge_agent.loopback import free_port
from edge_agent.prefect.api import PrefectApi, api_url
from edge_agent.prefect.claims import Claims
from edge_agent.prefect.counts import Counts
from edge_agent.prefect.deployments import Deployments
from edge_agent.prefect.errands import Errands
from edge_agent.prefect.events import Events
from edge_agent.prefect.flow_engine import FlowEngine
from edge_agent.prefect.flows import PrefectFlows
from edge_agent.prefect.lasting import Lasting, Work
from edge_agent.prefect.mirror import Mirror
from edge_agent.prefect.policy import Policy
from edge_agent.prefect.public import PublicWay
from edge_agent.prefect.server import INSTALL, STARTING, EmbeddedServer, installed
from edge_agent.prefect.ways import BulkWay
from flows.engine import Engine
from flows.prefect.engine.settings import engine_settings
from flows.prefect.server.process import Launch
from schemas.fields import seconds
from schemas.link import LinkFigures
from schemas.settings import Settings

log = logging.getLogger(__name__)

FOLLOWER = "prefect"
_LONGEST_START = 600.0  # seconds


class PrefectLink:
    """`prepare` comes before the pipelines and `start` after them, both return at once; `stop` ends
    the server with it. `url` is what a person opens."""

    def __init__(self, settings: Settings, home: Path, ledger: Ledger, engine: Engine) -> None:
        self.url = ""
        self.missing = ""
        self._settings = settings.prefect
        self._data = home / "data" / "prefect"
        self._agent = settings.agent.name
        self._zone = settings.agent.time_zone
        self._engine = engine
        self._ledger = ledger
        self._server: EmbeddedServer | None = None
        self._mirror: Mirror | None = None
        self._errands: Errands | None = None
        self._way: BulkWay | None = None
        self._flows: PrefectFlows | None = None
        self._apis: list[PrefectApi] = []
        self._lasting = Lasting()
        self._registered = asyncio.Event()  # every pipeline, as a deployment
        self._began = asyncio.get_running_loop().time()
        self._coming: dict[str, Work] = {}
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def problem(self) -> str:
        """What is wrong, empty when nothing is."""
        if self._lasting.problem:
            return self._lasting.problem
        if self._server is not None and self._server.problem:
            return f"the Prefect server: {self._server.problem}"
        if self._mirror is None or self._errands is None:
            return ""
        return self._mirror.problem or self._errands.problem

    @property
    def waiting(self) -> Mapping[str, float]:
        """Ledger rows that are not carried yet, by follower; none where nothing is carried."""
        return {} if self._mirror is None else {FOLLOWER: self._mirror.waiting}

    def figures(self) -> LinkFigures:
        """How the link does."""
        if self._mirror is None or self._way is None:
            return LinkFigures(self.url, problem=self.missing)
        mirror = self._mirror
        return LinkFigures(
            self.url, self._way.used, mirror.waiting, self.problem, mirror.last_problem
        )

    def prepare(self) -> None:
        """Make everything ready before the first run: those of `path: flow` ask for Prefect."""
        wanted = self._settings.server
        if wanted == "none":
            return
        if wanted == "embedded" and not installed():
            self.missing = f"not installed; {INSTALL}"
            return
        self.url = self._embed() if wanted == "embedded" else wanted
        self._carry(api_url(self.url))

    def start(self, urls: dict[str, str]) -> None:
        """Start the server where it is embedded, and carry what the ledger has."""
        if not self._coming:
            return
        urls["prefect"] = self.url
        keep = self._lasting.keep
        self._tasks += [asyncio.create_task(keep(*each)) for each in self._coming.items()]

    def _embed(self) -> str:
        launch = Launch(
            data=str(self._data),
            port=free_port(self._settings.port),
            database=self._settings.database or "",
            keep=seconds(self._settings.keep),
            watched=True,
        )
        self._server = EmbeddedServer(launch)
        self._coming["the Prefect server"] = self._server.run
        return self._server.url

    def _carry(self, url: str) -> None:
        loop = asyncio.get_running_loop()
        api, asked = (PrefectApi(url, self._settings.key) for _ in range(2))
        self._apis += [api, asked]
        deployments = Deployments(asked, self._engine, agent=self._agent, time_zone=self._zone)
        way = self._way = BulkWay(api, self._agent, PublicWay(api, self._agent))
        follower, policy = self._ledger.follow(FOLLOWER, hold=True), Policy(self._settings)
        events = Events(api, self._agent)
        self._engine.watch(events.watch)
        mirror = self._mirror = Mirror(
            follower, policy, way, deployments=deployments.ids, events=events
        )

        def committed(took: float) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closing
                loop.call_soon_threadsafe(mirror.committed)

        self._ledger.on_commit(committed)
        flows = self._flows = self._engine.flows = PrefectFlows(
            FlowEngine(self._data, engine_settings(url, self._settings.key, self._data)),
            agent=self._agent,
            engine=self._engine,
            ledger=self._ledger,
            deployments=deployments.ids,
            way=way,
            starting=self._is_starting,
        )
        claims = Claims(asked, self._engine, self._ledger, deployments, flows)
        counts = Counts(asked, self._ledger, self._agent)
        errands = self._errands = Errands(deployments, claims, events, counts)
        registered = self._registered
        self._coming |= {
            "what waits for Prefect": mirror.look,
            "errands at Prefect": partial(self._run_errands, errands),
            "runs to Prefect": partial(_after, registered, mirror.run),
            "flows in Prefect": partial(_after, registered, flows.run),
        }

    def _is_starting(self) -> bool:
        """Whether a server of ours is on its way and nothing says that it will not come; for so
        long runs of `path: flow` wait for it. A slow board makes its tables for minutes."""
        too_long = asyncio.get_running_loop().time() - self._began > _LONGEST_START
        return bool(
            self._server is not None
            and self._server.problem in ("", STARTING)
            and not (too_long or self._registered.is_set() or self._lasting.problem)
        )

    async def _run_errands(self, errands: Errands) -> None:
        if self._server is not None:
            await self._server.up.wait()
        await errands.registered()
        self._registered.set()
        await errands.run()

    async def stop(self) -> None:
        """Stop carrying and end the server; what is left is carried after the next start."""
        for task in self._tasks:
            task.cancel()
        if self._flows is not None:
            await self._flows.stop()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for api in self._apis:
            await api.close()


async def _after(registered: asyncio.Event, work: Work) -> None:
    """Deployments come first, so that the first runs belong to theirs."""
    await registered.wait()
    await work()
