"""Addresses: which are this machine's own, and whether the gateway may listen on one."""

from __future__ import annotations

import ipaddress

from schemas.problem import Position, Problem, UserError
from schemas.settings import GatewaySettings


def is_loopback(host: str) -> bool:
    """Whether a host name or address (`[::1]` too) always means this machine."""
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):  # RFC 6761, section 6.3
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def host_of(authority: str) -> str:
    """The host of `HOST[:PORT]`, an IPv6 address without its brackets."""
    if authority.startswith("["):
        return authority[1:].partition("]")[0]
    return authority.partition(":")[0]


def check_exposure(settings: GatewaySettings) -> None:
    """Refuse to open the gateway to the network without a token.

    Raises:
        UserError: the host is not loopback and no token is configured.
    """
    if settings.token or is_loopback(settings.host):
        return
    raise UserError(
        Problem(
            Position("hearth.yaml"),
            f"gateway.host `{settings.host}` opens the gateway to the network without a token",
            "set `gateway: {token: !secret gateway}` or `host: 127.0.0.1`",
        )
    )
