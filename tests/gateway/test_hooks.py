"""Webhooks."""

from __future__ import annotations

import httpx

from tests.gateway.conftest import Site
from tests.gateway.fakes import RUN

HOOK = "/api/v1/hooks/doorbell"


def test_a_hook_answers_with_the_runs_it_started(site: Site, client: httpx.Client) -> None:
    answer = client.post(HOOK, json={"limit": 3}, headers={"Idempotency-Key": "k1"})
    assert (answer.status_code, answer.json()) == (202, {"runs": [str(RUN)]})
    (call,) = site.parts.hooks.calls
    assert (call.data, call.idempotency_key, call.principal) == ({"limit": 3}, "k1", "local")


def test_a_get_hook_takes_its_data_from_the_query(site: Site, client: httpx.Client) -> None:
    assert client.get(HOOK, params={"door": "front"}).status_code == 202
    assert site.parts.hooks.calls[0].data == {"door": "front"}


def test_a_body_that_is_no_json_is_text_or_bytes(site: Site, client: httpx.Client) -> None:
    client.post(HOOK, content=b"ding dong")
    client.post(HOOK, content=b"\xff\x00")
    assert [call.data for call in site.parts.hooks.calls] == ["ding dong", b"\xff\x00"]


def test_broken_json_is_refused(client: httpx.Client) -> None:
    answer = client.post(HOOK, content=b"{", headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert "no JSON" in answer.json()["detail"]


def test_a_method_no_trigger_wants_is_405(client: httpx.Client) -> None:
    answer = client.put(HOOK)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST, GET")


def test_an_unknown_hook_is_404(client: httpx.Client) -> None:
    assert client.post("/api/v1/hooks/nobody").status_code == 404


def test_asking_for_the_head_of_a_hook_starts_nothing(site: Site, client: httpx.Client) -> None:
    assert client.head(HOOK).status_code == 405
    assert site.parts.hooks.calls == []
