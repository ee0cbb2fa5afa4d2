"""The OpenAPI document, generated from the routes: `python -m edge_agent.gateway.reference`.

It is kept as `openapi.json` beside this file and served as it is; a test fails when it drifts.
"""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import msgspec
from litestar import Litestar
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme, Tag

from edge_agent.gateway.app import routes
from edge_agent.gateway.ports import Gateway

KEPT = Path(__file__).with_name("openapi.json")
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
    "shadows": "Versions run beside the live ones, and how they compare.",
    "models": "Models: how they do, and OpenAI's interface to them.",
    "files": "The files of the home: reloaded, and what is wrong in them.",
}


def document() -> bytes:
    """The OpenAPI 3.1 document of the routes as they are."""
    nobody = cast(Any, None)
    gateway = Gateway(*(nobody for _ in Gateway.__struct_fields__))
    schema = Litestar(routes(gateway), openapi_config=_config()).openapi_schema.to_schema()
    return msgspec.json.format(msgspec.json.encode(schema, order="sorted"), indent=1) + b"\n"


def _config() -> OpenAPIConfig:
    bearer = SecurityScheme(type="http", scheme="bearer", description="The gateway's token.")
    return OpenAPIConfig(
        title="hearthflow",
        version=version("hearthflow"),
        description="The HTTP interface of a hearthflow agent.",
        tags=[Tag(name, text) for name, text in _TAGS.items()],
        use_handler_docstrings=True,
        components=Components(security_schemes={"token": bearer}),
        security=[{}, {"token": []}],
    )


if __name__ == "__main__":
    KEPT.write_bytes(document())
