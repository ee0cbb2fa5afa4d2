"""The one rule of how a rendered payload goes over the wire."""

from typing import Any

import msgspec

from pipelines.step import StepFailed

_encode = msgspec.json.Encoder().encode


def to_wire(value: Any) -> bytes | str:
    """Text and bytes as they are; a mapping, list, number or boolean as JSON.

    Raises:
        StepFailed: null (an empty message is `''`), or something JSON cannot say.
    """
    if isinstance(value, (str, bytes)):
        return value
    if value is None:
        raise StepFailed("the payload is null; write '' for an empty message")
    try:
        return _encode(value)
    except TypeError as error:
        raise StepFailed(f"the payload cannot be sent: {error}") from error


def to_record(value: Any) -> Any:
    """A payload as the ledger keeps it: bytes become text, everything else stays."""
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else value
