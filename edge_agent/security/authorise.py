"""Who calls, and whether they may: every API call passes `authorise(principal, action)`."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Action = Literal[
    "agent:read",
    "agent:reload",
    "agent:send",
    "agent:stop",
    "devices:command",
    "devices:read",
    "history:query",
    "history:read",
    "hooks:call",
    "live:read",
    "messages:send",
    "metrics:read",
    "models:read",
    "models:use",
    "pipelines:read",
    "pipelines:run",
    "pipelines:switch",
    "pipelines:write",
]
_ON_THIS_MACHINE: frozenset[Action] = frozenset({"agent:stop"})


class Principal(Struct, frozen=True):
    """Somebody who calls; `via` says how they were recognised.

    `socket`: the owner of the home, through the file permissions of `data/agent.sock`. `token`: a
    bearer of the gateway's token. `loopback`: somebody on this machine, no token being configured.
    """

    name: str
    via: Literal["socket", "token", "loopback"]


class Forbidden(Exception):
    """The principal may not do this; the text says what."""


def authorise(principal: Principal, action: Action) -> None:
    """Let the call pass, or not.

    Raises:
        Forbidden: this principal may not do that.
    """
    if action in _ON_THIS_MACHINE and principal.via != "socket":
        raise Forbidden(f"`{action}` is only allowed on the agent's own socket")
