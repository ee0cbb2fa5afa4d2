"""The pages for people: `/`, and `/schema` for those who read OpenAPI; no external resources."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from litestar import Request, Response, get
from litestar.openapi.plugins import OpenAPIRenderPlugin

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


class SchemaPage(OpenAPIRenderPlugin):
    """`/schema`: a page for browsers, the OpenAPI document for everybody else."""

    def __init__(self) -> None:
        super().__init__(path="/")

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> Any:
        """The page, or the document."""
        if "text/html" in request.headers.get("accept", ""):
            return Response(_page("schema.html"), media_type="text/html", headers=_HEADERS)
        document = self.render_json(request, openapi_schema)
        return Response(document, media_type="application/vnd.oai.openapi+json")


def _page(name: str) -> bytes:
    return (_HERE / name).read_bytes()
