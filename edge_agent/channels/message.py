"""What a message channel hands over, and what it says about itself."""

from collections import deque
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


class Figures(Struct, frozen=True):
    """What a channel has counted; `problem` says why its queue is not on disk, empty if it is.

    `queued` messages wait to be sent, `dropped` ones were given up because the queue was full,
    `refused` ones the broker did not take; `repeats` came in twice and were only acknowledged.
    """

    queued: int = 0
    dropped: int = 0
    refused: int = 0
    repeats: int = 0
    problem: str = ""


Deliver = Callable[[deque[Message]], None]
"""Takes the messages of one read off the deque, oldest first; what it leaves when it raises is
delivered again in a moment."""
Settle = Callable[[int], None]
OnState = Callable[[ChannelState], None]


def each(hear: Callable[[Message], None]) -> Deliver:
    """A `Deliver` for who hears one message at a time."""

    def deliver(messages: deque[Message]) -> None:
        while messages:
            hear(messages.popleft())

    return deliver
