"""What an expression may cost: 50 ms and 10 MB, by guards where work can grow."""

from __future__ import annotations

import functools
import re
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from time import perf_counter
from types import GeneratorType
from typing import Any

from pipelines.step import StepFailed

MAX_SECONDS = 0.05
MAX_SIZE = 10_000_000
MAX_TEXT = 64_000
MAX_RANGE = 10_000
MAX_WIDTH = 10_000
MAX_BITS = 100_000
MAX_PARTS = 100_000
_CONTAINERS = (list, dict, tuple, set, frozenset)
_SIZED = (str, bytes, list, tuple)
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
    if kind is not str and not isinstance(value, _SIZED):  # naming them here would cost 0.4 µs
        return value
    if len(value) > MAX_SIZE:
        raise too_large()
    return value


def inside(value: Any, wanted: type) -> Any:
    """The first instance of a type in a value, however deep; None where there is none.

    Raises:
        TooMuch: there is more in it than an expression may make; shared parts count each time.
    """
    waiting: list[Any] = [[value]]
    count = size = 0
    while waiting:
        part = waiting.pop()
        count += len(part)
        if count > MAX_PARTS:
            raise too_large()
        for item in part.values() if isinstance(part, dict) else part:
            if isinstance(item, str | bytes):
                size += len(item)
            elif isinstance(item, _CONTAINERS):
                waiting.append(item)
            elif isinstance(item, wanted):
                return item
        if size > MAX_SIZE:
            raise too_large()
    return None


def weighed(value: Any) -> Any:
    """The value, if it and all inside it is no larger than an expression may make it."""
    if isinstance(value, _CONTAINERS):
        inside(value, _Nothing)
        return value
    return sized(value)


class _Nothing:
    """No value is one of these."""


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
    """The function, refusing widths and counts beyond 10,000; its result is weighed."""

    @functools.wraps(function)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        for value in (*args[1:], *kwargs.values()):
            if value.__class__ is int and abs(value) > MAX_WIDTH:
                raise too_large()
        made = function(*args, **kwargs)
        if isinstance(made, GeneratorType):
            made = list(islice(made, MAX_PARTS))
        return weighed(made)

    return guarded


def short(function: Callable[..., Any]) -> Callable[..., Any]:
    """A filter of lists, refusing very long ones (and texts, taken as lists of letters)."""
    place = 1 if hasattr(function, "jinja_pass_arg") else 0

    @functools.wraps(function)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if len(args) > place and hasattr(args[place], "__len__") and len(args[place]) > MAX_PARTS:
            raise too_large()
        return function(*args, **kwargs)

    return guarded


def replaceable(text: str, old: str, new: str) -> None:
    """Refuse a replacement whose result could be too large."""
    if len(text) + (text.count(old) if old else len(text) + 1) * len(new) > MAX_SIZE:
        raise too_large()


def joinable(items: Iterable[Any], separator: Any) -> list[Any]:
    """The items as a list, if joining them stays within the limit."""
    joined, total = [], 0
    for item in items:
        joined.append(item)
        total += len(str(separator)) + len(item if isinstance(item, str) else str(weighed(item)))
        if total > MAX_SIZE:
            raise too_large()
    return joined


def within(deadline: float, items: Iterable[Any]) -> Iterator[Any]:
    """The items, until the deadline (of `perf_counter`) has passed or their texts are too long."""
    total = 0
    for item in items:
        if isinstance(item, str):
            total += len(item)
        if total > MAX_SIZE:
            raise too_large()
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
        inside(value, _Nothing)
        return 8 * len(value) + sum(len(item) for item in value if isinstance(item, str | bytes))
    return len(value) if isinstance(value, str | bytes) else 0


def _count(value: Any) -> int:
    return value if isinstance(value, int) else 0
