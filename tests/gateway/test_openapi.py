"""The OpenAPI document: up to date, complete and valid."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from edge_agent.gateway.reference import KEPT, document

METHODS = {"get", "put", "post", "delete", "patch"}


@pytest.fixture(scope="module")
def openapi() -> dict[str, Any]:
    """The kept document."""
    found: dict[str, Any] = json.loads(KEPT.read_text())
    return found


def test_the_kept_document_is_what_the_routes_say() -> None:
    assert KEPT.read_bytes() == document(), "run python -m edge_agent.gateway.reference"


def test_it_is_served_to_programs_at_both_addresses(
    client: httpx.Client, openapi: dict[str, Any]
) -> None:
    assert client.get("/schema").json() == openapi
    assert client.get("/schema/openapi.json").json() == openapi


def test_every_path_of_the_contract_is_there(openapi: dict[str, Any]) -> None:
    under = ["pipelines", "runs", "runs/{run}", "devices", "readings", "events", "hooks/{hook}"]
    wanted = {"/healthz", "/readyz", "/metrics", *(f"/api/v1/{path}" for path in under)}
    assert wanted <= set(openapi["paths"])


def test_every_operation_says_what_it_does(openapi: dict[str, Any]) -> None:
    ids = []
    for path, _, operation in operations(openapi):
        assert operation["summary"], path
        assert operation["description"], path
        assert operation["tags"], path
        ids.append(operation["operationId"])
        for parameter in operation.get("parameters", []):
            assert parameter.get("description"), (path, parameter)
        for status, response in operation["responses"].items():
            assert response["description"], (path, status)
    assert len(ids) == len(set(ids))


def test_path_parameters_are_declared(openapi: dict[str, Any]) -> None:
    for path, _, operation in operations(openapi):
        named = {part[1:-1] for part in path.split("/") if part.startswith("{")}
        declared = {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
        assert named == declared


def test_every_field_is_described_and_every_schema_valid(openapi: dict[str, Any]) -> None:
    for name, schema in openapi["components"]["schemas"].items():
        Draft202012Validator.check_schema(schema)
        for field, kind in schema.get("properties", {}).items():
            assert "description" in kind or "$ref" in kind or name == "Command", (name, field)


def test_every_reference_leads_somewhere(openapi: dict[str, Any]) -> None:
    for reference in references(openapi):
        found: Any = openapi
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]


def operations(openapi: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Path, method and operation of each."""
    for path, item in openapi["paths"].items():
        for method in METHODS & set(item):
            yield path, method, item[method]


def references(node: Any) -> Iterator[str]:
    """Every `$ref` anywhere."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)
