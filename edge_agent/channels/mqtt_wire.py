"""MQTT packets as bytes: the few that the client builds and takes apart by itself."""

from functools import lru_cache

from paho.mqtt.exception import MalformedPacket

from schemas.identity import text_id

DUP = 0x08
RETAIN = 0x01
RUN_PROPERTY = b"\x2c\x26\x00\x03run\x00\x24"
NO_PROPERTIES = b"\x00"
_SUBSCRIPTION = 0x0B
_FIXED = {0x01: 1, 0x02: 4, 0x23: 2}  # bytes of the other properties a PUBLISH can have
_TEXTS = {0x03: 1, 0x08: 1, 0x09: 1, 0x26: 2}  # and how many texts with a length they hold
MAX_LENGTH = 268_435_455
MAX_PAYLOAD = MAX_LENGTH - 65_535 - 64


def topic_field(topic: str) -> bytes:
    """The topic as it stands in a PUBLISH: two bytes of length, then UTF-8.

    Raises:
        ValueError: nobody may publish there; the text says why.
    """
    return _kept_field(topic) if len(topic) <= 256 else _field(topic)


def _field(topic: str) -> bytes:
    if not topic:
        raise ValueError("the topic is empty")
    if "+" in topic or "#" in topic:
        raise ValueError(f"cannot publish to `{topic}`: `+` and `#` are wildcards")
    if "\0" in topic:
        raise ValueError("the topic holds a NUL character")
    try:
        encoded = topic.encode()
    except UnicodeEncodeError:
        raise ValueError("the topic is no UTF-8 text") from None
    if len(encoded) > 65_535:
        raise ValueError(f"the topic is {len(encoded)} bytes long, MQTT allows 65535")
    return len(encoded).to_bytes(2) + encoded


_kept_field = lru_cache(maxsize=4096)(_field)


def length_field(length: int) -> bytes:
    """The variable-length integer of MQTT 1.5.5: seven bits a byte, low first."""
    if length < 128:
        return bytes((length,))
    if length < 16_384:
        return bytes((length & 127 | 128, length >> 7))
    digits = bytearray()
    while length > 127:
        digits.append(length & 127 | 128)
        length >>= 7
    digits.append(length)
    return bytes(digits)


def publish_packet(first: int, topic: bytes, mid: int, properties: bytes, payload: bytes) -> bytes:
    """A whole PUBLISH; `first` is its first byte, `mid` is left out at QoS 0."""
    if first & 6:
        body = topic + mid.to_bytes(2) + properties
    else:
        body = topic + properties
    size = len(body) + len(payload)
    if size < 128:
        return b"%c%c%b%b" % (first, size, body, payload)
    if size < 16_384:
        return b"%c%c%c%b%b" % (first, size & 127 | 128, size >> 7, body, payload)
    return b"%c%b%b%b" % (first, length_field(size), body, payload)


def run_property(run: int) -> bytes:
    """The properties of a PUBLISH that name the run which sent it (user property `run`)."""
    return RUN_PROPERTY + text_id(run).encode()


def read_length(data: bytes | bytearray, at: int) -> tuple[int, int]:
    """The variable-length integer at `at` and where it ends; an end of 0 means: not all here.

    Raises:
        MalformedPacket: it is longer than four bytes.
    """
    if at + 1 < len(data) and data[at + 1] < 128:  # most packets: two bytes at most
        byte = data[at]
        return (byte, at + 1) if byte < 128 else (byte & 127 | data[at + 1] << 7, at + 2)
    value = shift = 0
    for place in range(at, min(at + 4, len(data))):
        byte = data[place]
        value |= (byte & 127) << shift
        if byte < 128:
            return value, place + 1
        shift += 7
    if len(data) - at >= 4:
        raise MalformedPacket("a length field longer than four bytes")
    return 0, 0


def subscription_of(properties: bytes) -> int:
    """The subscription identifier in the properties of a PUBLISH (MQTT 5, 3.3.2.3.8), else 0."""
    at = 0
    while at < len(properties):
        kind = properties[at]
        if kind == _SUBSCRIPTION:
            return read_length(properties, at + 1)[0]
        at += 1 + _FIXED.get(kind, 0)
        for _ in range(_TEXTS.get(kind, 0)):
            at += 2 + int.from_bytes(properties[at : at + 2])
        if kind not in _FIXED and kind not in _TEXTS:
            return 0
    return 0
