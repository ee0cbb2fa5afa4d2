"""What an expression may cost: 50 ms and 10 MB, by guards where work can grow."""

from __future__ import annotations

import functools
import re
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from time import perf_counter
from typing import Any

from pipelines.step import StepFailed

MAX_SECONDS = 0.05
MAX_SIZE = 10_000_000
MAX_TEXT = 64_000
MAX_RANGE = 10_000
MAX_WIDTH = 10_000
MAX_BITS = 100_000
MAX_PARTS = 300_000
_WIDE = re.compile(r"\d{5,}|\*|:[^{}]*\{")


class ExpressionError(StepFailed):
    """An expression has no value: an undefined name, a wrong type, or a limit was passed."""


class TooMuch(ExpressionError):
    """A limit was passed: trying again another way is of no use."""


def too_large() -> TooMuch:
    """The error for more than 10 MB."""
    return TooMuch("the expression makes more than 10 MB")


def too_slow() -> TooMuch:
    """The error for more than 50 ms."""
    return TooMuch("the expression takes more than 50 ms")


def sized(value: Any) -> Any:
    """The value, if it is no larger than an expression may make it."""
    kind = value.__class__
    if kind is float or kind is bool or kind is int:
        return value
    if isinstance(value, str | bytes | list | tuple) and len(value) > MAX_SIZE:
        raise too_large()
    return value


def parts(value: Any) -> Iterator[Any]:
    """A value and all inside it, shared parts as often as they stand there.

    Raises:
        TooMuch: there is more in it than an expression may make.
    """
    waiting, count, size = [value], 0, 0
    while waiting:
        part = waiting.pop()
        count, size = count + 1, size + (len(part) if isinstance(part, str | bytes) else 1)
        if count > MAX_PARTS or size > MAX_SIZE:
            raise too_large()
        yield part
        if isinstance(part, dict):
            waiting += part.values()
        elif isinstance(part, list | tuple | set | frozenset):
            waiting += part


def weighed(value: Any) -> Any:
    """The value, if it and all inside it is no larger than an expression may make it."""
    if isinstance(value, dict | list | tuple | set | frozenset):
        for _ in parts(value):
            pass
        return value
    return sized(value)


def multiply(left: Any, right: Any) -> Any:
    """`*`, unless the product would be too large."""
    if left.__class__ is float or right.__class__ is float:
        return left * right
    if isinstance(left, int) and isinstance(right, int):
        if left.bit_length() + right.bit_length() > MAX_BITS:
            raise too_large()
    elif _weight(left) * _count(right) > MAX_SIZE or _weight(right) * _count(left) > MAX_SIZE:
        raise too_large()
    return left * right


def power(left: Any, right: Any) -> Any:
    """`**`, unless the result would be too large."""
    if isinstance(left, int) and isinstance(right, int) and left.bit_length() * right > MAX_BITS:
        raise too_large()
    return left**right


def modulo(left: Any, right: Any) -> Any:
    """`%`, of numbers or as the formatting of text with modest widths."""
    if isinstance(left, str | bytes):
        formattable(left)
    return left % right


def add(left: Any, right: Any) -> Any:
    """`+`, unless the sum would be too large."""
    return sized(left + right)


def formattable(text: str | bytes) -> None:
    """Refuse format texts whose widths could make very long texts."""
    if _WIDE.search(text.decode("latin-1") if isinstance(text, bytes) else text):
        raise TooMuch("the width in a format is too large")


def numbers_up_to(*bounds: int) -> range:
    """`range()`, at most 10,000 long."""
    numbers = range(*bounds)
    if len(numbers) > MAX_RANGE:
        raise TooMuch(f"range() is longer than {MAX_RANGE:,}")
    return numbers


def modest(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, refusing widths and counts beyond 10,000; its result is sized."""

    @functools.wraps(function)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        for value in (*args[1:], *kwargs.values()):
            if value.__class__ is int and abs(value) > MAX_WIDTH:
                raise too_large()
        return sized(function(*args, **kwargs))

    return guarded


def replaceable(text: str, old: str, new: str) -> None:
    """Refuse a replacement whose result could be too large."""
    if len(text) + (text.count(old) if old else len(text) + 1) * len(new) > MAX_SIZE:
        raise too_large()


def joinable(items: Iterable[Any], separator: Any) -> list[Any]:
    """The items as a list, if joining them stays within the limit."""
    parts = list(items)
    total = len(str(separator)) * len(parts) + sum(len(p) for p in parts if isinstance(p, str))
    if total > MAX_SIZE:
        raise too_large()
    return parts


def within(deadline: float, items: Iterable[Any]) -> Iterator[Any]:
    """The items, until the deadline (of `perf_counter`) has passed."""
    for item in items:
        if perf_counter() > deadline:
            raise too_slow()
        yield item


class Alarm:
    """Ends a regular expression after 50 ms: the only work Python cannot look into.

    Python's `re` looks for signals while it backtracks, so a timer signal stops it; that works on
    the main thread alone, where expressions run.
    """

    def __enter__(self) -> None:
        self._usable = threading.current_thread() is threading.main_thread()
        if self._usable:
            self._armed = True
            self._before = signal.signal(signal.SIGALRM, self._ring)
            signal.setitimer(signal.ITIMER_REAL, MAX_SECONDS)

    def __exit__(self, *_: object) -> None:
        if self._usable:
            self._armed = False
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, self._before)

    def _ring(self, *_: object) -> None:
        if self._armed:
            raise too_slow()


def _weight(value: Any) -> int:
    if isinstance(value, list | tuple):
        return sum(len(p) if isinstance(p, str | bytes) else 8 for p in parts(value))
    return len(value) if isinstance(value, str | bytes) else 0


def _count(value: Any) -> int:
    return value if isinstance(value, int) else 0
