"""`/api/v1/models`: the models and how they do."""

from __future__ import annotations

from tests.gateway.conftest import Site


def test_models_are_listed_with_how_they_do(site: Site) -> None:
    with site.client() as client:
        listed = client.get("/api/v1/models").json()
        assert [each["name"] for each in listed] == ["echo", "broken"]
        assert listed[0]["queries_per_second"] == 0.2
        assert client.get("/api/v1/models/echo").json() == listed[0]


def test_a_model_that_is_not_there_is_not_found(site: Site) -> None:
    with site.client() as client:
        answer = client.get("/api/v1/models/nobody")
        assert answer.status_code == 404
        assert answer.json()["detail"] == "there is no model `nobody`"
