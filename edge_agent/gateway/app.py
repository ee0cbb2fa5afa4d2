"""The HTTP interface put together."""

from __future__ import annotations

from litestar import Litestar, Router
from litestar.plugins import PluginProtocol
from litestar.plugins.core import MsgspecDIPlugin
from litestar.types import ControllerRouterHandler

from edge_agent.gateway.guard import may
from edge_agent.gateway.pages import index, openapi, schema
from edge_agent.gateway.ports import Gateway
from edge_agent.gateway.problems import handlers
from edge_agent.gateway.routes.agent import agent
from edge_agent.gateway.routes.devices import devices
from edge_agent.gateway.routes.files import files
from edge_agent.gateway.routes.history import history
from edge_agent.gateway.routes.hooks import hooks
from edge_agent.gateway.routes.live import live
from edge_agent.gateway.routes.messages import messages
from edge_agent.gateway.routes.models import models
from edge_agent.gateway.routes.openai import openai
from edge_agent.gateway.routes.pipelines import pipelines
from edge_agent.gateway.routes.reasons import reasons
from edge_agent.gateway.routes.replays import replays
from edge_agent.gateway.routes.shadows import shadows
from edge_agent.gateway.routes.state import state

BODY_BYTES = 1 << 20


class Slim(Litestar):
    """Litestar without its pydantic and attrs plugins: 14 MB and 0.25 s less, measured."""

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        return [*plugins, MsgspecDIPlugin()]


def build(gateway: Gateway) -> Litestar:
    """The application; it takes every caller at their word, so serve it behind the door."""
    return Slim(
        [index, schema, openapi, *routes(gateway)],
        guards=[may],
        exception_handlers=handlers(),
        openapi_config=None,  # generating takes 0.4 s and 50 MB: `openapi.json` is kept instead
        request_max_body_size=BODY_BYTES,
        logging_config=None,
        debug=False,
    )


def routes(gateway: Gateway) -> list[ControllerRouterHandler]:
    """Everything that stands in the OpenAPI document."""
    api = Router(
        "/api/v1",
        route_handlers=[
            pipelines(gateway.pipelines),
            history(gateway.history),
            devices(gateway.devices),
            live(gateway.live),
            hooks(gateway.hooks),
            messages(gateway.messages),
            agent(gateway.agent),
            files(gateway.files),
            shadows(gateway.shadows),
            reasons(gateway.reasons),
            replays(gateway.replays),
            models(gateway.models),
        ],
    )
    return [state(gateway.health, gateway.metrics), api, openai(gateway.models)]
