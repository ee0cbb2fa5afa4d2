"""The contract of a firmware: what turns its messages into readings and commands into messages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import tzinfo
from typing import Any, Protocol, runtime_checkable

from schemas.device import Command, Decoded, Publication
from schemas.profile import Profile

TopicReader = Callable[[bytes, Any, bool], Decoded | None]
"""Reads the messages of one topic: (raw bytes, parsed payload, retain) to what it says."""


def first(readers: Iterable[TopicReader | None]) -> TopicReader | None:
    """One reader of several: the first that has an answer counts."""
    several = [reader for reader in readers if reader is not None]
    if len(several) < 2:
        return several[0] if several else None

    def read(raw: bytes, payload: Any, retain: bool) -> Decoded | None:
        for reader in several:
            said = reader(raw, payload, retain)
            if said is not None:
                return said
        return None

    return read


class Unsupported(LookupError):
    """The firmware or this device cannot do what a command asks; the text says which."""


class Decoder(Protocol):
    """One firmware on one broker; discovery messages change its state.

    A decoder calls the `changed` it was made with whenever readers it handed out are outdated or
    its `topics` grew.
    """

    firmware: str

    def topics(self) -> Sequence[str]:
        """The topic filters to subscribe to, as known by now."""

    def reader(self, topic: str) -> TopicReader | None:
        """A reader of one topic's messages, made once and kept; None: not this firmware's."""

    def knows(self, device: str) -> bool:
        """Whether a device id of this firmware has been announced or heard of."""

    def encode(self, device: str, command: Command) -> list[Publication]:
        """The messages that carry out a command.

        Raises:
            Unsupported: the device or its firmware cannot do this.
        """

    def rule(self, topic: str) -> str:
        """Which of its rules reads a topic, for a person; empty: none."""


@runtime_checkable
class Native(Protocol):
    """A decoder that is told of its devices by the firmware itself: lists, announcements."""

    def claims(self, topic: str) -> bool:
        """Whether a topic belongs to a device or network that announced itself."""


@runtime_checkable
class Secondhand(Protocol):
    """A decoder that speaks for topics of other firmwares, as somebody's announcement says.

    It goes before the shipped decoders for the topics it names; it names none that a `Native`
    one claims.
    """

    def defer(self, native: Callable[[str], bool]) -> None:
        """Leave to others the topics for which `native` is true."""

    def names(self, topic: str) -> bool:
        """Whether an announcement names a topic that no native decoder claims."""


Make = Callable[[Profile, Callable[[], None], tzinfo | None], Decoder]
"""What every module of `decoders` has as `make`: profile, `changed`, the home's time zone."""
