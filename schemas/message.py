"""What a person wrote or said, as a channel hands it over."""

from typing import Annotated, Any

from msgspec import Meta, Struct


class Said(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Something a person wrote or said, with what was understood of it by then."""

    text: Annotated[str, Meta(description="The words.", min_length=1, max_length=16_000)]
    channel: Annotated[
        str, Meta(description="Where it came in: `http`, `telegram`, `voice`, …", max_length=100)
    ] = "http"
    user: Annotated[str, Meta(description="Who it was; the caller by default.")] = ""
    session: Annotated[str, Meta(description="The conversation it belongs to.")] = ""
    intent: Annotated[str | None, Meta(description="What is wanted, if that is known.")] = None
    slots: Annotated[dict[str, Any], Meta(description="The details of the intent.")] = {}
    confidence: Annotated[
        Annotated[float, Meta(ge=0, le=1)] | None,
        Meta(description="How sure the intent is, up to 1."),
    ] = None
    language: Annotated[str, Meta(description="BCP 47: `en`, `de-AT`.")] = ""
