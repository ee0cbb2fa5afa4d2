"""What the annotation of a field says: its choices, examples, marks, and the structs in it."""

from __future__ import annotations

import types
from collections.abc import Iterator
from types import NoneType
from typing import Annotated, Any, Union, get_args, get_origin

from msgspec import Meta, Struct


def choices(annotation: Any) -> tuple[Any, ...]:
    """The values a type with a `Literal` in it allows."""
    if get_origin(annotation) is None:
        return ()
    if str(get_origin(annotation)) == "typing.Literal":
        return get_args(annotation)
    return tuple(dict.fromkeys(it for part in get_args(annotation) for it in choices(part)))


def examples(annotation: Any) -> list[Any]:
    """The examples a type gives of itself."""
    for part in get_args(annotation):
        if isinstance(part, Meta) and part.examples:
            return part.examples
        if found := examples(part):
            return found
    return []


def mark_of(annotation: Any) -> str:
    """What `schemas.fields` says a type is (`duration`, `expression`, …); empty if mixed."""
    if get_origin(annotation) is Annotated:
        base, *metas = get_args(annotation)
        for meta in metas:
            if mark := (meta.extra_json_schema or {}).get("x-hearth"):
                return str(mark)
        return mark_of(base)
    if get_origin(annotation) in (Union, types.UnionType):
        marks = {mark_of(part) for part in get_args(annotation) if part is not NoneType}
        return marks.pop() if len(marks) == 1 else ""
    return ""


def parts(annotation: Any) -> Iterator[Any]:
    """The types that a union of them allows, out of their annotations."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from parts(get_args(annotation)[0])
    elif origin in (Union, types.UnionType):
        for part in get_args(annotation):
            yield from parts(part)
    else:
        yield annotation


def struct_in(annotation: Any) -> type[Struct] | None:
    """The struct that a type allows, None when it allows none."""
    for part in parts(annotation):
        if isinstance(part, type) and issubclass(part, Struct):
            return part
    return None


def struct_in_values(annotation: Any) -> type[Struct] | None:
    """The struct of a mapping's values."""
    for part in parts(annotation):
        if get_origin(part) is dict:
            return struct_in(get_args(part)[1])
    return None


def items_of(annotation: Any) -> Any:
    """The type of a list's items where they are structs."""
    for part in parts(annotation):
        if get_origin(part) is list and struct_in(get_args(part)[0]) is not None:
            return get_args(part)[0]
    return None
