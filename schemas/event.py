"""What arrived: the immutable Event every run, reading and ledger row begins with."""

from typing import Any

from msgspec import Struct


class Event(Struct, frozen=True, gc=False):
    """One thing that happened; times are epoch seconds, UTC.

    `id` is a 128-bit integer laid out as a version-8 UUID (RFC 9562, section 5.8). `ts` is the
    event's own time where it is known, else `received`; `age` bounds how long it may have waited
    in the broker (seconds). `payload` is the parsed JSON, else text,
    else the bytes; `raw` is what came over the wire. `channel` names where it came from (`mqtt`,
    `webhook`, `timer`, `manual`, `emit`, `memory`, `startup`, `run`, `call`, `message`), `source`
    the topic, hook, name or channel of the message. `depth` counts the runs that led to it, each
    started by the one before.
    """

    id: int
    ts: float
    received: float
    channel: str
    source: str
    payload: Any = None
    raw: bytes = b""
    retain: bool = False
    age: float = 0.0
    qos: int = 0
    principal: str = ""
    tenant: str = ""
    session: str = ""
    trace_id: str = ""
    idempotency_key: str = ""
    privacy: str = ""
    depth: int = 0
