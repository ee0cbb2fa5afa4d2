"""What a sentence asks of the home: its intent and slots."""

from msgspec import Struct


class Understood(Struct, frozen=True, omit_defaults=True):
    """One sentence understood; `confidence` runs from 0 to 1, `more` says that commands follow."""

    intent: str
    confidence: float
    slots: dict[str, str | int | float]
    language: str
    more: bool = False
