"""`/healthz`, `/readyz` and `/metrics`: for those who watch over the agent."""

from __future__ import annotations

from litestar import Response, Router, get
from litestar.openapi import ResponseSpec

from edge_agent.gateway.guard import OPEN, needs
from edge_agent.monitoring.health import Health
from edge_agent.monitoring.metrics import CONTENT_TYPE, Metrics
from schemas.health import Readiness


def state(health: Health, metrics: Metrics) -> Router:
    """The routes."""

    @get("/healthz", opt={"action": OPEN}, media_type="text/plain")
    async def healthz() -> str:
        """Whether the process serves at all; needs no token."""
        return "ok"

    @get(
        "/readyz",
        opt=needs("agent:read"),
        responses={503: ResponseSpec(Readiness, description="An essential component fails.")},
    )
    async def readyz() -> Response[Readiness]:
        """Whether the agent can do its work, and how each component is."""
        now = health.readiness()
        return Response(now, status_code=200 if now.ready else 503)

    @get("/metrics", opt=needs("metrics:read"), media_type="text/plain")
    async def read_metrics() -> Response[bytes]:
        """Everything measured, as Prometheus text."""
        return Response(metrics.render(), media_type=CONTENT_TYPE)

    return Router("/", route_handlers=[healthz, readyz, read_metrics], tags=["state"])
