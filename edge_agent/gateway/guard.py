"""The one place where a call meets `authorise`: every route names its action."""

from __future__ import annotations

from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from edge_agent.security.authorise import Action, Forbidden, Principal, authorise

OPEN = "open"
"""The action of what everybody may see: `/healthz`."""


def needs(action: Action) -> dict[str, str]:
    """The `opt` of a route that needs an action."""
    return {"action": action}


def may(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Litestar's guard: the principal that the door let in may do what the route does."""
    action: Any = handler.opt.get("action")
    if action == OPEN or connection.scope.get("method") == "OPTIONS":  # it tells the methods only
        return
    principal = connection.scope.get("user")
    if action is None or not isinstance(principal, Principal):
        raise Forbidden("this route names no action")
    authorise(principal, action)
