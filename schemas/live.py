"""What the live stream tells beside events and runs."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from schemas.traces import EffectView, Id, Time


class ReadingLive(Struct, frozen=True):
    """A reading as it happens."""

    ts: Time
    device: Annotated[str, Meta(description="The device's name.")]
    device_key: Annotated[str, Meta(description="The device's key.")]
    property: Annotated[str, Meta(description="In the canonical vocabulary.")]
    value: Annotated[Any, Meta(description="The value now.")]
    previous: Annotated[Any, Meta(description="The value before.")]
    unit: Annotated[str | None, Meta(description="The unit.")] = None
    instance: Annotated[str | None, Meta(description="Tells equal properties apart.")] = None


class EffectLive(Struct, frozen=True):
    """An effect as it happens."""

    run: Id
    pipeline: Annotated[str, Meta(description="The pipeline that acts.")]
    effect: EffectView
