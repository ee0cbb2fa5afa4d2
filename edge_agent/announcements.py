"""The agent's own entities in Home Assistant: each pipeline a switch and its last run.

Discovery as https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery says: configs are kept
by the broker, an empty one removes its entity.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from edge_agent.gateway.live import run_summary
from flows.engine import Engine
from pipelines.plan import Plan
from pipelines.ports import Messages
from pipelines.trigger import OnTopic
from schemas.event import Event
from schemas.run import RunRecord

PREFIX = "homeassistant"
ORIGIN = "hearthflow"
_WORDS = {True: b"ON", False: b"OFF"}
_SWITCHES = {"ON": True, "OFF": False, True: True, False: False}
_NO_ID = re.compile(r"[^a-zA-Z0-9_-]")


class Announcements:
    """Tells Home Assistant of an agent; unless `wanted`, it only clears away what was told.

    What the broker was given to keep is remembered in the ledger, so that a pipeline that went
    while the agent was down is cleaned up as well.
    """

    def __init__(
        self, agent: str, version: str, engine: Engine, messages: Messages, *, wanted: bool
    ) -> None:
        self._base = f"hearth/{agent}"
        self._id = f"hearth_{_NO_ID.sub('_', agent)}"
        self._about = {
            "device": {
                "identifiers": [self._id],
                "name": agent,
                "manufacturer": ORIGIN,
                "model": "agent",
                "sw_version": version,
            },
            "origin": {"name": ORIGIN, "sw_version": version},
        }
        self._engine, self._messages, self._wanted = engine, messages, wanted
        self._kept = engine.slots("announcements")
        if wanted:
            engine.watch(OnTopic(f"{self._base}/pipeline/+/set", self._ordered, 1))
            engine.on_switch.append(self._switched)
            engine.on_run.append(self._ran)

    def tell(self) -> None:
        """Publish everything anew (the broker may have forgotten it), and clear what is gone."""
        topics = list[str]()
        for topic, config in self._configs():
            topics.append(topic)
            self._keep(topic, msgspec.json.encode(config | self._about))
        for identity, lane in self._engine.lanes.items() if self._wanted else ():
            topics += [self._topic(identity, "enabled"), self._topic(identity, "run")]
            self._switched(identity, lane.enabled)
        before = self._kept.get("topics") or []
        for topic in set(before).difference(topics):
            self._keep(topic, b"")
        if before != topics:
            self._kept.put("topics", topics)

    def _configs(self) -> Iterator[tuple[str, dict[str, Any]]]:
        if not self._wanted:
            return
        yield self._config(
            "binary_sensor",
            "connectivity",
            name="Connectivity",
            device_class="connectivity",
            entity_category="diagnostic",
            state_topic=f"{self._base}/status",
            payload_on="online",
            payload_off="offline",
        )
        for identity in self._engine.lanes:
            yield from self._of_pipeline(identity)

    def _of_pipeline(self, identity: str) -> Iterator[tuple[str, dict[str, Any]]]:
        there = {"availability_topic": f"{self._base}/status"}
        run = there | {"state_topic": self._topic(identity, "run")}
        yield self._config(
            "switch",
            identity,
            name=identity,
            icon="mdi:pipe",
            state_topic=self._topic(identity, "enabled"),
            command_topic=self._topic(identity, "set"),
            **there,
        )
        yield self._config(
            "sensor",
            f"{identity}_last_run",
            name=f"{identity} last run",
            value_template="{{ value_json.state }}",
            json_attributes_topic=run["state_topic"],
            **run,
        )
        yield self._config(
            "sensor",
            f"{identity}_last_run_at",
            name=f"{identity} last run at",
            device_class="timestamp",
            value_template="{{ value_json.finished }}",
            **run,
        )

    def _config(self, component: str, object: str, **fields: Any) -> tuple[str, dict[str, Any]]:
        unique = {"unique_id": f"{self._id}_{object}", "object_id": f"{self._id}_{object}"}
        return f"{PREFIX}/{component}/{self._id}/{object}/config", unique | fields

    def _topic(self, identity: str, word: str) -> str:
        return f"{self._base}/pipeline/{identity}/{word}"

    def _keep(self, topic: str, payload: bytes) -> None:
        self._messages.send(topic, payload, qos=1, retain=True)

    def _ordered(self, event: Event) -> None:
        """Somebody pressed a switch; a kept order is an old one."""
        identity = event.source.split("/")[-2]
        payload = event.payload
        word = payload.strip().upper() if isinstance(payload, str) else payload
        on = _SWITCHES.get(word) if isinstance(word, str | bool) else None
        if on is not None and not event.retain and identity in self._engine.lanes:
            self._engine.enable(identity, on)

    def _switched(self, pipeline: str, on: bool) -> None:
        self._keep(self._topic(pipeline, "enabled"), _WORDS[on])

    def _ran(self, plan: Plan, record: RunRecord, event: Event) -> None:
        if record.state != "waiting" and not plan.shadow:
            self._keep(self._topic(plan.id, "run"), msgspec.json.encode(run_summary(record)))
