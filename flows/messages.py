"""What people write or say, as events."""

from __future__ import annotations

from msgspec.structs import replace

from pipelines.ports import Models
from schemas.event import Event
from schemas.identity import unique_id
from schemas.message import Said
from schemas.model import Asker

CHANNEL = "message"
UNDERSTANDING = "understanding"
"""What triggers that want an intent watch: whoever brings messages has them understood then."""
_MODEL = "intent"


async def understood(said: Said, models: Models) -> Said:
    """A message with what the model in the box makes of it; what was understood before stays.

    Raises:
        OSError, LookupError, ValueError: the model cannot answer; the text says why.
    """
    if said.intent is not None:
        return said
    options = {"language": said.language}
    found = await models.classify(_MODEL, said.text, options, Asker(session=said.session))
    return replace(
        said,
        intent=found["intent"],
        slots=found["slots"],
        confidence=found["confidence"],
        language=found["language"],
    )


def message_event(said: Said, now: float, principal: str = "") -> Event:
    """The event of a message that has just arrived; its source is the channel it came through."""
    return Event(
        unique_id(),
        now,
        now,
        CHANNEL,
        said.channel,
        {
            "text": said.text,
            "user": said.user or principal,
            "intent": said.intent,
            "slots": said.slots,
            "confidence": said.confidence,
            "language": said.language,
        },
        principal=principal,
        session=said.session,
    )
