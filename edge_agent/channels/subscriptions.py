"""Which subscriptions cover which: the smallest set that delivers every message once."""

from collections.abc import Mapping


def covers(wide: str, narrow: str) -> bool:
    """Whether every topic that `narrow` matches is matched by `wide` (MQTT 4.7)."""
    a, b = wide.split("/"), narrow.split("/")
    if narrow[:1] == "$" and a[0] in ("#", "+"):
        return False
    for place, level in enumerate(a):
        if level == "#":
            return True
        if place >= len(b) or b[place] == "#" or (level != "+" and level != b[place]):
            return False
    return len(a) == len(b)


def merged(wanted: Mapping[str, int]) -> dict[str, int]:
    """The filters that none of the others covers, each with the highest QoS it stands for."""
    wild = [f for f in wanted if "#" in f or "+" in f]
    above = {f: [w for w in wild if w != f and covers(w, f)] for f in wanted}
    kept = {f: qos for f, qos in wanted.items() if not above[f]}
    for narrow, wider in above.items():
        for f in wider:
            if f in kept:
                kept[f] = max(kept[f], wanted[narrow])
    return kept
