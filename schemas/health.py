"""Whether the agent can do its work, and how each of its components is."""

from typing import Annotated, Literal

from msgspec import Meta, Struct


class ComponentHealth(Struct, frozen=True):
    """How one part of the agent is."""

    name: Annotated[str, Meta(description="`broker`, `ledger`, `pipelines`, …")]
    state: Annotated[
        Literal["ok", "degraded", "failed"],
        Meta(description="`failed` makes the agent not ready, `degraded` does not."),
    ]
    reason: Annotated[str, Meta(description="What is wrong; empty when nothing is.")] = ""


class Readiness(Struct, frozen=True):
    """Whether the agent can do its work now."""

    ready: Annotated[bool, Meta(description="Whether every essential component works.")]
    components: Annotated[list[ComponentHealth], Meta(description="Each component's state.")]
