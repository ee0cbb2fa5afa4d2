"""The pages for people: `/`, and `/schema` for those who read OpenAPI; no external resources."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from litestar import Request, Response, get

from edge_agent.gateway.guard import needs

_HERE = Path(__file__).parent
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
        "connect-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


@get("/", opt=needs("agent:read"), include_in_schema=False, sync_to_thread=False)
def index() -> Response[bytes]:
    """The overview: what happens now, pipelines, devices."""
    return Response(_page("index.html"), media_type="text/html", headers=_HEADERS)


@get("/schema", opt=needs("agent:read"), include_in_schema=False, sync_to_thread=False)
def schema(request: Request[Any, Any, Any]) -> Response[bytes]:
    """A page for browsers, the OpenAPI document for everybody else."""
    if "text/html" in request.headers.get("accept", ""):
        return Response(_page("schema.html"), media_type="text/html", headers=_HEADERS)
    return _document()


@get("/schema/openapi.json", opt=needs("agent:read"), include_in_schema=False, sync_to_thread=False)
def openapi() -> Response[bytes]:
    """The OpenAPI document."""
    return _document()


def _document() -> Response[bytes]:
    return Response(_page("openapi.json"), media_type="application/vnd.oai.openapi+json")


def _page(name: str) -> bytes:
    return (_HERE / name).read_bytes()
