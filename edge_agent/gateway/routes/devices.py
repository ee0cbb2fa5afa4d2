"""`/api/v1/devices`: the device registry, and commands."""

from __future__ import annotations

from typing import Annotated

from litestar import Router, get, post
from litestar.openapi import ResponseSpec
from litestar.params import JSONBody, PathParameter

from edge_agent.gateway.door import SLASH
from edge_agent.gateway.guard import needs
from edge_agent.gateway.ports import Devices
from schemas.api import DeviceView, ProblemDetails
from schemas.device import Command

Name = Annotated[str, PathParameter(description="Name, alias or key; a slash in it as %2F.")]
_UNKNOWN = {404: ResponseSpec(ProblemDetails, description="No such device, or it cannot do this.")}


def devices(devices: Devices) -> Router:
    """The routes."""

    @get("/", opt=needs("devices:read"))
    async def list_devices() -> list[DeviceView]:
        """Every known device with what it last reported."""
        return list(await devices.all())

    @get("/{device:str}", opt=needs("devices:read"), responses=_UNKNOWN)
    async def get_device(device: Name) -> DeviceView:
        """One device by name, alias or key."""
        return await devices.one(_name(device))

    @post(
        "/{device:str}/command",
        opt=needs("devices:command"),
        status_code=204,
        responses=_UNKNOWN,
    )
    async def command_device(device: Name, data: JSONBody[Command]) -> None:
        """Tell a device something: `{"set": {"state": "on"}}` or `{"do": "toggle"}`."""
        await devices.command(_name(device), data)

    handlers = [list_devices, get_device, command_device]
    return Router("/devices", route_handlers=handlers, tags=["devices"])


def _name(segment: str) -> str:
    return segment.replace(SLASH, "/")
