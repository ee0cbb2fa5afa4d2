"""A step that may wait, tried once or until it succeeds, each time within its time."""

from __future__ import annotations

import random
from collections.abc import Generator
from contextlib import suppress
from typing import Any

from msgspec import Struct

from flows.failing import describe
from pipelines.plan import PlannedStep, Retry
from pipelines.scope import Scope
from pipelines.step import Pause, Sleep, StepFailed, Stopped
from schemas.run import Try

# What is kept beside a step's own path in `waits` and `loops`.
RETRY, _TIMEOUT = "~", "@"


class TimedOut(StepFailed):
    """The time of a step was up."""


Running = Generator[Any, Any, Any]


class Cancelled(BaseException):
    """The run is to end now; not an Exception, so that no step and no `on_error` swallows it."""


class Within(Struct, frozen=True):
    """Wait for `pause`, but not beyond `until` (epoch seconds): then `Expired(mark)` is raised.

    Of several timeouts around each other only the one that ends first is there.
    """

    pause: Any
    until: float
    mark: str


class Expired(Exception):
    """The time of a step is up; `mark` tells of which: it passes through those within."""

    def __init__(self, mark: str) -> None:
        super().__init__(mark)
        self.mark = mark


def tries(step: PlannedStep, scope: Scope) -> Generator[Any, Any, Any]:
    """Try a step until it succeeds or has failed as often as it may; its outputs."""
    while True:
        yield from rest(step, scope)
        began = scope.now()
        try:
            outputs = yield from attempt(step, scope)
        except Stopped:
            raise
        except Exception as error:
            if not note_failure(step, scope, began, error):
                raise
        else:
            note_success(step, scope, began)
            return outputs


def rest(step: PlannedStep, scope: Scope) -> Generator[Any, Any, None]:
    """Wait until the next try is due."""
    path = step.path + RETRY
    if path in scope.waits:
        yield Sleep(scope.waits[path], path)
        del scope.waits[path]


def note_failure(step: PlannedStep, scope: Scope, began: float, error: Exception) -> bool:
    """Note a try that failed; whether there is to be another, whose time is then in `waits`."""
    path, notes = step.path + RETRY, scope.notes(step.path)
    if step.retry is not None:
        notes.tries = (*notes.tries, Try(began, scope.now(), describe(error)))
    tried = scope.loops[path] = scope.loops.get(path, 0) + 1
    if step.retry is None or tried >= step.retry.attempts:
        return False
    scope.waits.pop(step.path, None)
    scope.waits[path] = scope.now() + backoff(step.retry, tried)
    return True


def note_success(step: PlannedStep, scope: Scope, began: float) -> None:
    """Note the try that succeeded, where others failed before it."""
    scope.loops.pop(step.path + RETRY, None)
    notes = scope.notes(step.path)
    if notes.tries:
        notes.tries = (*notes.tries, Try(began, scope.now()))


def attempt(step: PlannedStep, scope: Scope) -> Generator[Any, Any, Any]:
    """Try a step once, within its time."""
    if not step.waits:
        return step.run(scope)
    running: Running = step.run(scope)  # type: ignore[assignment]
    if step.timeout is None:
        return (yield from running)
    mark = step.path + _TIMEOUT
    scope.waits.setdefault(mark, scope.now() + step.timeout)
    try:
        return (yield from _limited(running, mark, scope))
    except Expired:
        name = step.id or step.kind
        raise TimedOut(f"{name} timed out after {step.timeout:g} s") from None
    finally:
        del scope.waits[mark]


def _limited(running: Running, mark: str, scope: Scope) -> Generator[Any, Any, Any]:
    """Drive a step until the deadline in `scope.waits[mark]`: then it is called off, and Expired
    raised; the deadlines of steps within it are passed on to them."""
    send, value = running.send, None
    while True:
        try:
            pause: Pause | Within = send(value)
        except StopIteration as stop:
            return stop.value
        try:
            send, value = running.send, (yield _sooner(pause, scope.waits[mark], mark))
        except Expired as expired:
            if expired.mark == mark:
                _call_off(running)
                raise
            send, value = running.throw, expired
        except BaseException as error:
            send, value = running.throw, error


def _sooner(pause: Pause | Within, until: float, mark: str) -> Within:
    if not isinstance(pause, Within):
        return Within(pause, until, mark)
    return pause if pause.until <= until else Within(pause.pause, until, mark)


def _call_off(running: Running) -> None:
    with suppress(Cancelled):  # not `close`: that is what a run let go of for later sees
        running.throw(Cancelled())


def backoff(retry: Retry, tried: int) -> float:
    """Seconds before the next try after `tried` failures: `delay`, doubled each time when
    exponential, at most `max_delay`, with up to a quarter more at random when jittered."""
    delay = retry.delay * 2 ** min(tried - 1, 30) if retry.exponential else retry.delay
    delay = min(delay, retry.max_delay)
    return delay * (1 + random.random() / 4) if retry.jitter else delay
