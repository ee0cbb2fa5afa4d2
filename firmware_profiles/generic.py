"""Generic JSON: devices that nobody wrote a profile for, named by their topic in `devices.yaml`.

A key `generic-json:home/attic` claims the topics `home/attic` (an object, or one value named by
its last level), `home/attic/PROPERTY` (one value) and `home/attic/availability`, `status`, `lwt`.
"""

from collections.abc import Iterable, Iterator

from schemas.profile import MessageRule, Profile

FIRMWARE = "generic-json"


def profiles(keys: Iterable[str]) -> Iterator[Profile]:
    """A profile for each key of this firmware."""
    for key in keys:
        firmware, _, topic = key.partition(":")
        if firmware == FIRMWARE and topic and not set(topic) & set("+#{}"):
            yield Profile(profile=FIRMWARE, device=topic, messages=[*_messages(topic)])


def _messages(topic: str) -> Iterator[MessageRule]:
    for word in ("availability", "status", "online", "lwt", "LWT"):
        yield MessageRule(topic=f"{topic}/{word}", channel="availability")
    for word in ("set", "get", "command", "cmd"):
        yield MessageRule(topic=f"{topic}/{word}", channel="command")
        yield MessageRule(topic=f"{topic}/{{property}}/{word}", channel="command")
    yield MessageRule(topic=topic, channel="state")
    yield MessageRule(topic=f"{topic}/{{property}}", channel="state", property="{property}")
