"""What a message channel hands over, and what it says about itself."""

from collections.abc import Callable

from msgspec import Struct


class Message(Struct, frozen=True, gc=False):
    """One message from outside.

    `id` is the event's identity; `age` is the most seconds it may have waited in the broker.
    """

    id: int
    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    age: float = 0.0


class ChannelState(Struct, frozen=True):
    """Whether a channel works; `reason` says why not, `hint` what to try."""

    connected: bool
    reason: str = ""
    hint: str = ""


Deliver = Callable[[Message], None]
Settle = Callable[[int], None]
OnState = Callable[[ChannelState], None]
