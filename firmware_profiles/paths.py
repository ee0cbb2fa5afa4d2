"""Paths into payloads: `a.b`, `list.0.x`; a key that holds dots itself is found as well."""

from collections.abc import Iterator
from typing import Any


def find(payload: Any, path: str) -> Any:
    """What stands at a path, None when nothing does; an empty path is the payload itself."""
    if not path:
        return payload
    if isinstance(payload, dict):
        if path in payload:
            return payload[path]
        head, dot, rest = path.partition(".")
        return find(payload[head], rest) if dot and head in payload else None
    if isinstance(payload, list):
        head, _, rest = path.partition(".")
        inside = head.isdecimal() and int(head) < len(payload)
        return find(payload[int(head)], rest) if inside else None
    return None


def walk(payload: Any, path: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every place a path with `*` leads to: the keys that stood for each `*`, and the value."""
    head, star, rest = path.partition("*")
    place = find(payload, head.rstrip(".")) if star else find(payload, path)
    if not star:
        if place is not None:
            yield (), place
        return
    if not isinstance(place, dict | list):
        return
    items = place.items() if isinstance(place, dict) else enumerate(place)
    for key, inner in items:
        for names, value in walk(inner, rest.lstrip(".")):
            yield (str(key), *names), value
