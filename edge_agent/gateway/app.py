"""The HTTP interface put together."""

from __future__ import annotations

from importlib.metadata import version

from litestar import Litestar, Router
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme, Tag

from edge_agent.gateway.guard import may, needs
from edge_agent.gateway.pages import SchemaPage, index
from edge_agent.gateway.ports import Gateway
from edge_agent.gateway.problems import handlers
from edge_agent.gateway.routes.agent import agent
from edge_agent.gateway.routes.devices import devices
from edge_agent.gateway.routes.history import history
from edge_agent.gateway.routes.hooks import hooks
from edge_agent.gateway.routes.live import live
from edge_agent.gateway.routes.pipelines import pipelines
from edge_agent.gateway.routes.state import state

BODY_BYTES = 1 << 20

_TAGS = {
    "state": "Health, readiness and metrics.",
    "pipelines": "Pipelines: what there is, switched on and off, run by hand.",
    "runs": "Runs and their traces.",
    "devices": "Devices, what they reported, and commands to them.",
    "readings": "Readings of devices over time.",
    "events": "What happens, as it happens.",
    "hooks": "Webhooks that start pipelines.",
    "query": "Read-only SQL over the ledger.",
    "agent": "The running agent itself.",
}


def build(gateway: Gateway) -> Litestar:
    """The application; it takes every caller at their word, so serve it behind the door."""
    api = Router(
        "/api/v1",
        route_handlers=[
            pipelines(gateway.pipelines),
            history(gateway.history),
            devices(gateway.devices),
            live(gateway.live),
            hooks(gateway.hooks),
            agent(gateway.agent),
        ],
    )
    return Litestar(
        [index, state(gateway.health, gateway.metrics), api],
        guards=[may],
        exception_handlers=handlers(),
        openapi_config=_openapi(),
        request_max_body_size=BODY_BYTES,
        logging_config=None,
        debug=False,
    )


def _openapi() -> OpenAPIConfig:
    bearer = SecurityScheme(type="http", scheme="bearer", description="The gateway's token.")
    return OpenAPIConfig(
        title="hearthflow",
        version=version("hearthflow"),
        description="The HTTP interface of a hearthflow agent.",
        tags=[Tag(name, text) for name, text in _TAGS.items()],
        use_handler_docstrings=True,
        components=Components(security_schemes={"token": bearer}),
        security=[{}, {"token": []}],
        openapi_router=Router("/schema", route_handlers=[], opt=needs("agent:read")),
        render_plugins=[SchemaPage(), JsonRenderPlugin()],
    )
