"""Where a model may run: here, elsewhere, or as a policy says."""

from typing import Annotated, Literal

from msgspec import Meta

from schemas.fields import Duration
from schemas.model import Where
from schemas.pipeline import Part

Cost = Annotated[float, Meta(ge=0)]


class PlacementPolicy(Part, frozen=True):
    """What an answer must keep to, wherever it comes from."""

    deadline: Annotated[
        Duration | None,
        Meta(description="It is wanted within this time; no larger model is asked after it."),
    ] = None
    privacy: Annotated[
        Literal["private", "public"],
        Meta(description="private: nothing of it leaves this device."),
    ] = "public"
    budget: Annotated[
        Cost | None, Meta(description="The most that it may cost; for a coordinator.")
    ] = None


Placement = Annotated[
    Where | PlacementPolicy,
    Meta(
        description=(
            "Where it may run. local: on this device; cloud: on a server; auto: wherever the model "
            "is; or what it must keep to: `{deadline: 2s, privacy: private}`."
        )
    ),
]
