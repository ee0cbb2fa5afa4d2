"""Subscriptions kept as wanted: only what changes is sent, and a message arrives once."""

import logging
from collections.abc import Mapping
from typing import Any

from edge_agent.channels.mqtt_client import FastClient
from edge_agent.channels.subscriptions import crossing, identifier, merged

log = logging.getLogger(__name__)

FILTERS_A_PACKET = 200


class Subscriber:
    """What we are subscribed to on one broker; `own` filters are wanted besides, and not merged.

    Filters that cross others are numbered where the broker knows subscription identifiers
    (MQTT 5), so that copies of a message can be told apart.
    """

    def __init__(self, client: FastClient, own: Mapping[str, int]) -> None:
        self._numbers = False
        self._client = client
        self._own = dict(own)
        self._wanted: dict[str, int] = {}
        self._subscribed: dict[str, tuple[int, int]] = {}
        self._asked: dict[int | None, list[str]] = {}
        client.on_subscribe = self._answered

    def want(self, filters: Mapping[str, int]) -> None:
        """Want exactly these filters, each with its QoS, from the next `update` on."""
        self._wanted = merged(filters)

    def forget(self) -> None:
        """The broker has none of our subscriptions."""
        self._subscribed = {}

    def update(self, *, numbers: bool | None = None) -> None:
        """Ask the broker for the difference; there must be a connection.

        A new connection says whether its broker knows `numbers`.
        """
        self._numbers = self._numbers if numbers is None else numbers
        crossed = crossing(self._wanted) if self._numbers else {}
        wanted = {name: (qos, 0) for name, qos in (self._wanted | self._own).items()}
        wanted |= {name: (qos, identifier(name)) for name, qos in crossed.items()}
        gone = [name for name in self._subscribed if name not in wanted]
        new = {name: w for name, w in wanted.items() if self._subscribed.get(name) != w}
        for part in _parts(gone):
            self._client.unsubscribe(part)
        for part in _parts([name for name in new if not new[name][1]]):
            asked = [(name, new[name][0]) for name in part]
            self._asked[self._client.subscribe(asked)[1]] = part
        for name in crossed.keys() & new.keys():
            self._asked[self._client.subscribe_numbered(name, *new[name])] = [name]
        self._subscribed = wanted

    def _answered(self, client: Any, user: Any, mid: int, reasons: Any, props: Any) -> None:
        for name, reason in zip(self._asked.pop(mid, ()), reasons, strict=False):
            if reason.is_failure:
                log.warning("subscription refused", extra={"filter": name, "reason": str(reason)})


def _parts(names: list[str]) -> list[list[str]]:
    return [names[i : i + FILTERS_A_PACKET] for i in range(0, len(names), FILTERS_A_PACKET)]
