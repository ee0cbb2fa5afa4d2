"""The resources, over a real port."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import httpx
import pytest

from schemas.api import RunQuery
from tests.gateway.conftest import Site
from tests.gateway.fakes import RUN


def test_health_answers_as_soon_as_the_gateway_serves(client: httpx.Client) -> None:
    assert client.get("/healthz").text == "ok"


def test_readiness_tells_what_is_wrong(site: Site, client: httpx.Client) -> None:
    assert client.get("/readyz").status_code == 200
    site.parts.health.watch("pipelines", lambda: "1 file has problems", essential=False)
    assert client.get("/readyz").json() == {
        "ready": True,
        "components": [{"name": "pipelines", "state": "degraded", "reason": "1 file has problems"}],
    }
    site.parts.health.watch("broker", lambda: "not connected to 127.0.0.1:1883")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["components"][1]["state"] == "failed"


def test_pipelines_are_listed_and_switched(site: Site, client: httpx.Client) -> None:
    (pipeline,) = client.get("/api/v1/pipelines").json()
    assert pipeline["id"] == "freezer-alarm"
    assert pipeline["last_run"]["state"] == "completed"
    assert client.post("/api/v1/pipelines/freezer-alarm/disable").json()["enabled"] is False
    assert site.parts.pipelines.enabled is False
    assert client.post("/api/v1/pipelines/freezer-alarm/enable").json()["enabled"] is True


def test_why_a_pipeline_did_not_run_is_asked_for_a_time(site: Site, client: httpx.Client) -> None:
    url = "/api/v1/pipelines/freezer-alarm/why-not"
    assert client.get(url).json()["reason"] == "no_event"
    client.get(url, params={"at": "2026-01-10T12:00:00+00:00"})
    assert site.parts.reasons.asked == [None, 1_768_046_400.0]
    assert client.get("/api/v1/pipelines/nobody/why-not").status_code == 404


def test_a_run_by_hand_is_accepted_and_waited_for_on_request(
    site: Site, client: httpx.Client
) -> None:
    url = "/api/v1/pipelines/freezer-alarm/run"
    plain = client.post(url)
    assert (plain.status_code, plain.json()["id"]) == (202, str(RUN))
    waited = client.post(url, json={"inputs": {"limit": -12}, "dry_run": True, "force": True})
    assert waited.status_code == 200
    assert waited.json()["trace"]["steps"][0]["kind"] == "log"
    assert site.parts.pipelines.started[1].force


def test_a_mistake_in_the_inputs_comes_with_file_and_line(client: httpx.Client) -> None:
    answer = client.post("/api/v1/pipelines/freezer-alarm/run", json={"inputs": {"limit": "x"}})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "about:blank",
        "title": HTTPStatus(422).phrase,
        "status": 422,
        "detail": "`limit` must be a number",
        "problems": [
            {
                "text": "`limit` must be a number",
                "file": "pipelines/freezer.yaml",
                "line": 4,
                "column": 3,
                "hint": "write `-12`",
                "severity": "error",
            }
        ],
    }


def test_runs_are_filtered(site: Site, client: httpx.Client) -> None:
    url = "/api/v1/runs?pipeline=a&state=failed&since=2026-01-02&cursor=c&limit=5"
    page = client.get(url).json()
    assert page["next"] == "older"
    (asked,) = site.parts.history.asked
    assert isinstance(asked, RunQuery)
    assert asked.since is not None
    assert asked.since.isoformat() == "2026-01-02T00:00:00+00:00"
    assert (asked.pipeline, asked.state, asked.limit, asked.cursor) == ("a", "failed", 5, "c")


def test_a_trace_shows_every_step(client: httpx.Client) -> None:
    trace = client.get(f"/api/v1/runs/{RUN}").json()
    assert trace["run"]["started"] == "2026-01-10T12:00:00Z"
    assert [step["kind"] for step in trace["steps"]] == ["log"]


@pytest.mark.parametrize(
    ("path", "status", "word"),
    [
        ("/api/v1/runs/nonsense", 404, "UUID"),
        ("/api/v1/runs/00000000-0000-0000-0000-000000000009", 404, "no such run"),
        ("/api/v1/runs?limit=0", 400, "Validation"),
        ("/api/v1/runs?limit=many", 400, "Validation"),
        ("/api/v1/runs?since=yesterday", 400, "duration"),
        ("/api/v1/readings/buckets?span=5", 400, "duration"),
        ("/api/v1/readings/buckets?span=0s", 400, "longer"),
        ("/api/v1/events?types=weather", 400, "weather"),
        ("/api/v1/pipelines/nope", 404, "nope"),
        ("/api/v1/devices/nope", 404, "nope"),
        ("/api/v1/hooks/nope", 404, "nope"),
        ("/api/v1/query?sql=drop", 422, "SELECT"),
        ("/elsewhere", 404, "/schema"),
        ("/api/v1/agent/stop", 405, "method"),
    ],
)
def test_what_goes_wrong_is_a_problem_in_json(
    client: httpx.Client, path: str, status: int, word: str
) -> None:
    answer = client.get(path)
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, problem["status"]) == (status, status)
    assert problem["title"]
    assert word in problem["detail"]


def test_the_head_of_an_answer_can_be_asked_for(client: httpx.Client) -> None:
    for path in ("/healthz", "/", "/api/v1/pipelines", "/api/v1/events", "/elsewhere"):
        with client.stream("GET", path) as whole:
            head = client.head(path)
            assert (head.status_code, head.content) == (whole.status_code, b"")
            assert head.headers["content-type"] == whole.headers["content-type"]


def test_the_methods_of_a_path_can_be_asked_for(client: httpx.Client) -> None:
    answer = client.options("/api/v1/runs")
    assert answer.status_code == 204 and "GET" in answer.headers["allow"]


def test_a_body_that_is_missing_is_told(client: httpx.Client) -> None:
    (problem,) = client.post("/api/v1/query").json()["problems"]
    assert problem["text"] == "a JSON body is needed"


def test_a_wrong_parameter_is_named(client: httpx.Client) -> None:
    (problem,) = client.get("/api/v1/runs?limit=0").json()["problems"]
    assert problem["text"].startswith("query limit: ")


def test_something_failing_outside_is_503(site: Site, client: httpx.Client) -> None:
    site.parts.history.disk_full = True
    answer = client.get("/api/v1/runs")
    assert (answer.status_code, answer.json()["detail"]) == (503, "the ledger cannot be read")


@pytest.mark.parametrize("name", ["freezer", "cellar/freezer", "zigbee2mqtt:0x1"])
def test_devices_are_told_things_by_any_of_their_names(
    site: Site, client: httpx.Client, name: str
) -> None:
    path = f"/api/v1/devices/{name.replace('/', '%2F')}"
    assert client.get(path).json()["name"] == name
    assert client.post(f"{path}/command", json={"set": {"state": "on"}}).status_code == 204
    told, command = site.parts.devices.commands[0]
    assert (told, command.set) == (name, {"state": "on"})


def test_readings_come_raw_and_in_buckets(client: httpx.Client) -> None:
    (reading,) = client.get("/api/v1/readings?device=freezer&property=temperature").json()
    assert (reading["value"], reading["unit"]) == (-18.5, "°C")
    (bucket,) = client.get("/api/v1/readings/buckets?span=1h").json()
    assert (bucket["average"], bucket["count"]) == (-18.0, 3600)


def test_sql_is_taken_by_get_and_post(client: httpx.Client) -> None:
    rows = [{"n": 1, "at": "2026-01-10T12:00:00Z"}]
    params: dict[str, Any] = {"sql": "select 1", "x": "1"}
    assert client.get("/api/v1/query", params=params).json() == {"columns": ["n"], "rows": rows}
    answer = client.post("/api/v1/query", json={"sql": "select 1", "params": {"x": 1}})
    assert (answer.status_code, answer.json()["rows"]) == (200, rows)


def test_one_message_or_many_are_taken(site: Site, client: httpx.Client) -> None:
    one = client.post("/api/v1/agent/messages", json={"topic": "a", "payload": {"x": 1}})
    assert (one.status_code, one.json()) == (202, {"accepted": 1})
    many = client.post("/api/v1/agent/messages", json=[{"topic": "b", "retain": True}] * 3)
    assert many.json() == {"accepted": 3}
    assert [m.topic for m in site.parts.agent.messages] == ["a", "b", "b", "b"]


def test_the_pages_load_nothing_from_elsewhere(client: httpx.Client) -> None:
    for path in ("/", "/schema"):
        page = client.get(path, headers={"accept": "text/html"})
        assert page.headers["content-type"].startswith("text/html")
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert "http://" not in page.text.replace("http://www.w3.org", "")
        assert "https://" not in page.text


def test_the_metrics_of_the_process_are_there(client: httpx.Client) -> None:
    answer = client.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "process_resident_memory_bytes" in answer.text


def test_files_are_reloaded_and_their_problems_told(client: httpx.Client) -> None:
    assert client.post("/api/v1/reload").json()["changed"] == ["freezer-alarm"]
    [problem] = client.get("/api/v1/problems").json()
    assert (problem["file"], problem["line"]) == ("pipelines/attic.yaml", 4)


def test_versions_are_listed_read_and_had_back(client: httpx.Client) -> None:
    base = "/api/v1/pipelines/freezer-alarm"
    assert client.get(f"{base}/versions").json()[0]["number"] == 1
    assert client.get(f"{base}/versions/1").json()["text"] == "id: freezer-alarm"
    assert client.post(f"{base}/rollback").json()["file"] == "pipelines/freezer.yaml"
    assert client.post(f"{base}/rollback", json={"number": 7}).json()["number"] == 7
    for path in ("versions", "versions/1"):
        assert client.get(f"/api/v1/pipelines/nobody/{path}").status_code == 404


def test_versions_run_beside_for_a_while(client: httpx.Client) -> None:
    begun = client.post("/api/v1/shadows", json={"text": "id: freezer-alarm"})
    assert begun.status_code == 201 and begun.json()["id"] == "s1"
    assert client.get("/api/v1/shadows/s1").json()["totals"] == {"same": 1, "different": 1}
    assert client.post("/api/v1/shadows/s1/stop").json()["firings"][0]["verdict"] == "different"
    assert client.get("/api/v1/shadows/nobody").status_code == 404
