"""Messages nobody should send: broken, huge, deep, binary, on odd topics; seeded."""

import json
import random

HUGE = 10 * 2**20
DEPTH = 100_000
TOPICS = [
    "zigbee2mqtt/lamp",
    "zigbee2mqtt/lamp/availability",
    "zigbee2mqtt/lamp/set",
    "zigbee2mqtt/bridge/devices",
    "zigbee2mqtt/bridge/groups",
    "zigbee2mqtt/bridge/state",
    "zigbee2mqtt/bridge/event",
    "zigbee2mqtt//",
    "zigbee2mqtt",
    "homeassistant/sensor/x/config",
    "tasmota/discovery/0123/config",
    "tele/plug/SENSOR",
    "shellies/shelly1-AB12/relay/0",
    "shelly/events/rpc",
    "homie/dev/$homie",
    "storm/in",
    "storm/in/",
    "/",
    "🌡/größe",
    " ",
    "$odd/x",
    "a" * 3_000,
    "a/" * 150,
]
DOCUMENTS = [
    b"NaN",
    b'{"temperature": NaN, "seq": Infinity}',
    b'{"seq": 1e999}',
    b'{"seq": ' + b"9" * 5_000 + b"}",
    b'{"temperature": "\\ud800", "seq": "\\u0000"}',
    b'{"a": 1, "a": 2}',
    b"\xef\xbb\xbf{}",
    b"\xff\xfe\x00",
    b"[]",
    b"null",
    b"-0.0",
    b'"text"',
    b"[" * DEPTH,
    b'{"a":' * DEPTH,
    b"[" * DEPTH + b"]" * DEPTH,
    b'{"state": {"state": {"state": []}}, "brightness": "bright", "battery": -1e308}',
    b'[{"ieee_address": null, "definition": {"exposes": [{"features": 3}]}}]',
    b'[{"ieee_address": "0x1", "friendly_name": 7, "definition": {"exposes": {}}}]',
    b'[{"id": 1, "friendly_name": "g", "members": [{"ieee_address": []}]}]',
    b'{"state": "sometimes"}',
]
WORDS: list[object] = [None, True, 0, -1, 1e308, "", "on", "\0", "{{ 1 }}", [], {}]
NAMES = ["temperature", "state", "seq", "brightness", "action", "color", "", "a b", "__class__"]


def messages(count: int, seed: int) -> list[tuple[str, bytes, int, bool]]:
    """Topic, payload, QoS and retain of so many messages."""
    dice = random.Random(seed)
    return [
        (_topic(dice), _payload(dice, i), dice.randrange(3), dice.random() < 0.05)
        for i in range(count)
    ]


def _topic(dice: random.Random) -> str:
    if dice.random() < 0.8:
        return dice.choice(TOPICS)
    levels = ["".join(dice.choices("ab/ é$%{}\u2028", k=dice.randrange(1, 9))) for _ in range(3)]
    return dice.choice(["zigbee2mqtt/", "storm/", ""]) + "/".join(levels)


def _payload(dice: random.Random, place: int) -> bytes:
    if place % 2_500 == 100:
        return dice.randbytes(HUGE)
    kind = dice.randrange(4)
    if kind == 0:
        return dice.randbytes(dice.randrange(200))
    if kind == 1:
        return dice.choice(DOCUMENTS)
    text = json.dumps(_value(dice, 3)).encode()
    return text if kind == 2 else text[: dice.randrange(len(text) + 1)]


def _value(dice: random.Random, depth: int) -> object:
    kind = dice.randrange(3) if depth else 0
    if kind == 1:
        return [_value(dice, depth - 1) for _ in range(dice.randrange(4))]
    if kind == 2:
        return {dice.choice(NAMES): _value(dice, depth - 1) for _ in range(dice.randrange(4))}
    return dice.choice(WORDS)
