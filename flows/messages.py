"""What people write or say, as events."""

from __future__ import annotations

from schemas.event import Event
from schemas.identity import unique_id
from schemas.message import Said

CHANNEL = "message"


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
