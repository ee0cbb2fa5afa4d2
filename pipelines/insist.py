"""What translated expressions rely on: these pass a value on, or raise LookupError."""

from typing import Any

from jinja2.runtime import Undefined


def text(value: Any) -> str:
    """The value, if it is a text."""
    if value.__class__ is not str:
        raise LookupError
    return value


def mapping(value: Any) -> dict[Any, Any]:
    """The value, if it is a mapping whose `get` is the method."""
    if not isinstance(value, dict) or "get" in value:
        raise LookupError
    return value


def given(value: Any) -> Any:
    """The value, if it is one."""
    if value is None:
        raise LookupError
    return value


def defined(value: Any) -> Any:
    """The value, if Jinja does not call it undefined."""
    if isinstance(value, Undefined):
        raise LookupError
    return value


def has(owner: Any, key: str) -> bool:
    """Whether a mapping has a key, where no method has its name."""
    if not isinstance(owner, dict) or (key not in owner and hasattr(dict, key)):
        raise LookupError
    return key in owner


def member_or(owner: Any, key: str, default: Any) -> Any:
    """What stands under a key of a mapping, else the default."""
    return owner[key] if has(owner, key) else default
