"""JSON text of anything a message, a device or a pipeline may hold."""

from typing import Any

import msgspec
from msgspec import Struct


def to_json(value: Any) -> str:
    """JSON text of anything; what JSON has no form for becomes its text."""
    try:
        return _encode(value).decode()
    except (TypeError, ValueError, OverflowError, RecursionError):
        return _encode(_plain(value, 0)).decode()


def _plain(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if -(1 << 63) <= value < 1 << 63 else str(value)
    if depth > 50:
        return "…"
    if isinstance(value, dict):
        return {_plain(str(k), 0): _plain(v, depth + 1) for k, v in value.items()}
    if isinstance(value, Struct):
        fields = {name: getattr(value, name) for name in value.__struct_fields__}
        value = list(fields.values()) if value.__struct_config__.array_like else fields
        return _plain(value, depth)
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item, depth + 1) for item in value]
    return _plain(str(value), 0)


_encode = msgspec.json.Encoder(enc_hook=str).encode
