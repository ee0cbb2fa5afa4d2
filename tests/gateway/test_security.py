"""Who may come in: tokens, hosts, origins, sizes."""

from __future__ import annotations

import base64
import stat
from collections.abc import Mapping
from typing import Any, get_args

import httpx
import pytest

from edge_agent.gateway.app import build
from edge_agent.gateway.guard import OPEN
from edge_agent.security.address import check_exposure, is_loopback
from edge_agent.security.authorise import Action, Forbidden, Principal, authorise
from edge_agent.security.token import Brake, Token
from schemas.problem import UserError
from schemas.settings import GatewaySettings
from tests.gateway.conftest import Site
from tests.gateway.fakes import Parts

PATHS = ["/", "/readyz", "/metrics", "/schema", "/api/v1/pipelines", "/api/v1/events", "/nowhere"]
BASIC = "Basic " + base64.b64encode(b"anyone:s3cret").decode()


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "authorization", [None, "Bearer wrong", "Bearer", "Basic !!", "s3cret", "Bearer s3cret2"]
)
def test_nothing_but_health_answers_without_the_token(
    guarded: Site, path: str, authorization: str | None
) -> None:
    headers = {"authorization": authorization} if authorization else {}
    with guarded.client(headers=headers) as client:
        assert client.get("/healthz").status_code == 200
        answer = client.get(path)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer ")
    assert answer.json()["status"] == 401


@pytest.mark.parametrize("authorization", ["Bearer s3cret", "bearer s3cret", BASIC])
def test_the_token_opens_everything(guarded: Site, authorization: str) -> None:
    with guarded.client(headers={"authorization": authorization}) as client:
        assert client.get("/api/v1/pipelines").status_code == 200
        assert client.get("/", headers={"host": "hearth.example"}).status_code == 200


def test_wrong_tokens_are_counted(guarded: Site) -> None:
    with guarded.client() as client:
        client.get("/metrics")
        client.get("/metrics", headers={"authorization": "Bearer x"})
        text = client.get("/metrics", headers={"authorization": "Bearer s3cret"}).text
    assert 'hearthflow_gateway_refused_total{reason="no_token"} 1' in text
    assert 'hearthflow_gateway_refused_total{reason="wrong_token"} 1' in text


def test_wrong_tries_wait_longer_and_longer_and_are_forgiven() -> None:
    clock = [0.0]
    brake = Brake(lambda: clock[0])
    waits = [brake.wrong() for _ in range(8)]
    assert waits[0] == 0.05
    assert waits == sorted(waits)
    assert waits[-1] == 2.0
    clock[0] += 3600
    assert brake.wrong() == 0.05


@pytest.mark.parametrize(
    ("authorization", "fits"),
    [
        ("Bearer t", True),
        ("BEARER   t ", True),
        ("Bearer T", False),
        ("", False),
        ("Basic", False),
        ("Digest t", False),
        ("Basic " + base64.b64encode(b"t:").decode(), False),
        ("Basic " + base64.b64encode(b"\xff:t").decode(), False),
        ("Bearer \u00e9", False),
    ],
)
def test_a_token_fits_only_itself(authorization: str, fits: bool) -> None:
    assert Token("t").fits(authorization) is fits


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "localhost:1"}, 200),
        ({"host": "[::1]:8420"}, 200),
        ({"host": "evil.example"}, 403),
        ({"host": "127.0.0.1.evil.example"}, 403),
        ({"host": "localhost", "origin": "http://localhost"}, 200),
        ({"host": "localhost", "origin": "http://localhost:81"}, 403),
        ({"host": "localhost", "origin": "https://evil.example"}, 403),
        ({"host": "localhost", "origin": "null"}, 403),
        ({"host": "localhost", "sec-fetch-site": "same-origin"}, 200),
        ({"host": "localhost", "sec-fetch-site": "cross-site"}, 403),
        ({"host": "localhost", "sec-fetch-site": "same-site"}, 403),
    ],
)
def test_pages_of_other_sites_cannot_reach_the_agent(
    client: httpx.Client, headers: Mapping[str, str], status: int
) -> None:
    assert client.get("/api/v1/pipelines", headers=dict(headers)).status_code == status
    posted = client.post("/api/v1/pipelines/freezer-alarm/disable", headers=dict(headers))
    assert posted.status_code == status


def test_a_link_from_elsewhere_opens_the_page_but_no_api(client: httpx.Client) -> None:
    clicked = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert client.get("/", headers=clicked).status_code == 200
    assert client.get("/api/v1/hooks/doorbell", headers=clicked).status_code == 403


def test_a_browser_with_credentials_is_checked_but_a_bearer_is_not(guarded: Site) -> None:
    crossing = {"origin": "https://evil.example"}
    with guarded.client(headers=crossing) as client:
        basic = client.get("/metrics", headers={"authorization": BASIC})
        bearer = client.get("/metrics", headers={"authorization": "Bearer s3cret"})
    assert (basic.status_code, bearer.status_code) == (403, 200)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "LOCALHOST.", "a.localhost"])
def test_this_machine_needs_no_token(host: str) -> None:
    assert is_loopback(host)
    check_exposure(GatewaySettings(host=host))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "home.example", ""])
def test_the_network_needs_a_token(host: str) -> None:
    check_exposure(GatewaySettings(host=host, token="t"))
    with pytest.raises(UserError, match="without a token") as caught:
        check_exposure(GatewaySettings(host=host, token=""))
    assert "!secret" in caught.value.problems[0].hint


def test_a_body_over_a_mebibyte_is_refused(client: httpx.Client) -> None:
    too_much = client.post("/api/v1/query", content=b" " * ((1 << 20) + 1))
    assert too_much.status_code == 413
    assert "1 MiB" in too_much.json()["detail"]

    def endless() -> Any:
        for _ in range(20):
            yield b" " * 100_000

    assert client.post("/api/v1/query", content=endless()).status_code == 413


def test_the_socket_is_the_owners_alone_and_needs_no_token(guarded: Site) -> None:
    assert stat.S_IMODE(guarded.socket.stat().st_mode) == 0o600
    with guarded.local() as client:
        assert client.get("/api/v1/pipelines").status_code == 200
        assert client.post("/api/v1/agent/stop").status_code == 204
    assert guarded.parts.agent.stopped


def test_the_agent_is_not_stopped_over_the_network(site: Site, client: httpx.Client) -> None:
    assert client.post("/api/v1/agent/stop").status_code == 403
    assert not site.parts.agent.stopped


def test_authorise_lets_only_the_socket_stop_the_agent() -> None:
    for action in get_args(Action):
        authorise(Principal("owner", "socket"), action)
    with pytest.raises(Forbidden):
        authorise(Principal("token", "token"), "agent:stop")


def test_every_route_names_its_action(site: Site) -> None:
    app = site.call(lambda: build(Parts().gateway))
    known = {OPEN, *get_args(Action)}
    for route in app.routes:
        for handler in getattr(route, "route_handlers", []):
            assert handler.opt.get("action") in known or handler.fn.__name__ == "options_handler"
