"""What a sentence asks of the home: its intent and slots."""

from typing import Any

from msgspec import Struct


class Understood(Struct, frozen=True, omit_defaults=True):
    """What a sentence means; `intent` is one of those in the manual, `none` when it is not sure.

    `confidence` runs from 0 to 1; `more` says that other commands follow.
    """

    intent: str
    confidence: float
    slots: dict[str, Any] = {}
    language: str = ""
    more: bool = False
