"""The live stream, over real connections."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from edge_agent.gateway import live as live_module
from edge_agent.gateway.live import BATCH, KEPT, Live
from edge_agent.monitoring.measures import resident_bytes
from schemas.device import Change
from schemas.event import Event
from schemas.run import Effect, RunRecord
from tests.gateway.conftest import Site

EVENT = Event(1, 0.0, 0.0, "mqtt", "a/b", {"x": 1}, b'{"x":1}')
CHANGE = Change("z:1", "lamp", "state", None, "on", "off", True, 0.0)
RECORD = RunRecord(2, "p", "v", 1, {"id": "warm"}, "completed", 0.0, 1.0)
EFFECT = Effect("0", "publish", "c/d", {"y": 2}, 0.0)


@contextmanager
def following(client: httpx.Client, types: str = "") -> Iterator[Iterator[str]]:
    """The lines of an open stream, after its greeting."""
    with client.stream("GET", f"/api/v1/events?types={types}", timeout=10) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.iter_lines()
        assert next(lines) == ": live"
        next(lines)
        yield lines


def happened(lines: Iterator[str]) -> tuple[str, Any]:
    """The next event of a stream."""
    kind = next(line for line in lines if line.startswith("event: ")).removeprefix("event: ")
    return kind, json.loads(next(lines).removeprefix("data: "))


def all_happens(live: Live) -> None:
    live.event(EVENT)
    live.readings([CHANGE])
    live.run(RECORD)
    live.effect(2, "p", EFFECT)


def test_everything_is_told_in_the_order_it_happens(site: Site, client: httpx.Client) -> None:
    with following(client) as lines:
        site.call(lambda: all_happens(site.parts.live))
        told = [happened(lines) for _ in range(4)]
    assert [kind for kind, _ in told] == ["event", "reading", "run", "effect"]
    assert told[0][1]["payload"] == {"x": 1}
    assert told[0][1]["ts"] == "1970-01-01T00:00:00Z"
    assert (told[1][1]["value"], told[1][1]["previous"]) == ("on", "off")
    assert (told[2][1]["pipeline"], told[2][1]["trigger"]) == ("p", "warm")
    assert told[3][1]["effect"]["target"] == "c/d"


@pytest.mark.parametrize("types", ["run,effect", "runs, effects"])
def test_a_client_gets_only_the_types_it_wants(
    site: Site, client: httpx.Client, types: str
) -> None:
    with following(client, types) as lines:
        site.call(lambda: all_happens(site.parts.live))
        assert [happened(lines)[0] for _ in range(2)] == ["run", "effect"]


def test_nothing_is_kept_while_nobody_listens(site: Site, client: httpx.Client) -> None:
    site.call(lambda: all_happens(site.parts.live))
    with following(client) as lines:
        assert site.parts.live.listening
        site.call(lambda: site.parts.live.run(RECORD))
        assert happened(lines)[0] == "run"


def test_a_client_that_missed_things_is_told_how_many(site: Site, client: httpx.Client) -> None:
    def flood() -> None:
        for _ in range(KEPT + 10):
            site.parts.live.event(EVENT)
        site.parts.live.run(RECORD)

    with following(client) as lines:
        site.call(flood)
        assert happened(lines) == ("dropped", {"count": 10})
        kinds = [happened(lines)[0] for _ in range(KEPT + 1)]
    assert kinds == ["event"] * KEPT + ["run"]


def test_a_large_payload_is_only_named(site: Site, client: httpx.Client) -> None:
    large = Event(1, 0.0, 0.0, "mqtt", "a", "x" * 5000, b"x" * 5000)
    with following(client) as lines:
        site.call(lambda: site.parts.live.event(large))
        _, data = happened(lines)
    assert (data["payload"], data["size_bytes"]) == (None, 5000)


def test_what_json_cannot_hold_does_not_end_the_stream(site: Site, client: httpx.Client) -> None:
    odd = Event(1, 0.0, 0.0, "mqtt", "a", "\ud800", b"x")
    with following(client) as lines:
        site.call(lambda: site.parts.live.event(odd))
        assert "unreadable" in happened(lines)[1]
        site.call(lambda: site.parts.live.event(EVENT))
        assert happened(lines)[1]["source"] == "a/b"


def test_a_quiet_stream_beats(
    site: Site, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_module, "HEARTBEAT_SECONDS", 0.01)
    with following(client) as lines:
        assert next(line for line in lines if line) == ": still here"


def test_a_stream_taken_bit_by_bit_misses_nothing_that_is_kept() -> None:
    async def follow() -> list[bytes]:
        live = Live()
        stream = live.follow(("event",))
        await anext(stream)
        for _ in range(BATCH * 2):
            live.event(EVENT)
        batches = [await anext(stream), await anext(stream)]
        live.close()
        return batches

    batches = asyncio.run(follow())
    assert [batch.count(b"event: event") for batch in batches] == [BATCH, BATCH]


def test_two_hundred_clients_that_do_not_read_cost_a_bounded_amount(site: Site) -> None:
    text = "x" * 1500
    large = Event(1, 0.0, 0.0, "mqtt", "a", text, text.encode())

    def flood() -> None:
        for _ in range(KEPT * 2):
            site.parts.live.event(large)

    with (
        site.client(limits=httpx.Limits(max_connections=None), timeout=20) as client,
        open_streams(client, 200) as streams,
    ):
        site.wait(everybody_came(site.parts.live, 200))
        site.call(flood)
        first = site.call(resident_bytes)
        for _ in range(20):
            site.call(flood)
        assert site.call(resident_bytes) - first < 80e6
        assert client.get("/healthz").text == "ok"
        assert len(streams) == 200
    site.wait(everybody_left(site.parts.live))
    assert not site.parts.live.listening


async def everybody_came(live: Live, number: int) -> None:
    """Until the server follows for so many clients: a stream's headers leave before it does."""
    while live.followers < number:  # noqa: ASYNC110 (nothing tells)
        await asyncio.sleep(0.01)


async def everybody_left(live: Live) -> None:
    """Until the server has noticed that its clients are gone."""
    while live.followers:  # noqa: ASYNC110 (nothing tells)
        await asyncio.sleep(0.01)


@contextmanager
def open_streams(client: httpx.Client, number: int) -> Iterator[list[httpx.Response]]:
    """So many open streams that nobody reads."""
    request = client.build_request("GET", "/api/v1/events")
    streams = [client.send(request, stream=True) for _ in range(number)]
    try:
        yield streams
    finally:
        for stream in streams:
            stream.close()


def test_more_clients_than_the_agent_serves_are_sent_away(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_agent.gateway.routes.live.MOST_FOLLOWERS", 2)
    with site.client() as client, open_streams(client, 2):
        site.wait(everybody_came(site.parts.live, 2))
        assert client.get("/api/v1/events").status_code == 503
