"""A Plan executed: generators that run steps in order and yield only when one has to wait."""

from __future__ import annotations

import random
from collections.abc import Generator, Sequence
from contextlib import suppress
from typing import Any

from msgspec import Struct

from flows.diary import begin, end, ending, skip
from flows.failing import describe, failed, note, stopped
from pipelines.plan import Block, Plan, PlannedStep, Retry
from pipelines.scope import Scope, StepResult
from pipelines.step import Pause, Sleep, StepFailed, Stopped
from schemas.run import StepRecord, Try


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


# What is kept beside a step's own path in `waits`, `loops` and `active`.
_RETRY, _TIMEOUT, _FAILED = "~", "@", "!"

Running = Generator[Any, Any, Any]


def execute(plan: Plan, scope: Scope) -> Generator[Any, Any, str]:
    """Run a plan; returns its final state and leaves the error, if any, in `scope.error`.

    `errors` run after a failure, `finally` always; a failure in either fails the run. A resumed
    scope enters the section its waiting steps lie in and nothing before it; how the run is to end
    is kept in `scope.ending`.
    """
    at_last = resumes(plan.finally_, scope)
    if not at_last and not resumes(plan.errors, scope):
        scope.ending = yield from _main(plan.steps, scope)
    if not at_last and scope.ending == "failed":
        scope.ending = yield from _section(plan.errors, scope, "failed")
    return (yield from _section(plan.finally_, scope, scope.ending))


def _main(block: Block, scope: Scope) -> Generator[Any, Any, str]:
    try:
        yield from run_block(block, scope)
    except Stopped as stop:
        return stopped(stop, scope)
    except Cancelled:
        return "cancelled"
    except Exception as error:
        note(scope, error)
        return "failed"
    return "completed"


def _section(block: Block, scope: Scope, state: str) -> Generator[Any, Any, str]:
    if not block.steps:
        return state
    try:
        yield from run_block(block, scope)
    except Stopped:
        return state
    except Cancelled:
        return "cancelled"
    except Exception as error:
        note(scope, error)
        return "failed"
    return state


def resumes(block: Block, scope: Scope) -> bool:
    """Whether a run that is taken up again was waiting in this block."""
    waiting = scope.resuming
    return bool(waiting) and any(
        step.path in waiting or step.path + _FAILED in waiting for step in block.steps
    )


def run_block(block: Block, scope: Scope) -> Generator[Any, Any, None]:
    """Run steps in order; plain steps are called, waiting ones driven with `yield from`.

    Raises:
        Stopped: a `stop` step ended the run.
        Exception: what a step failed with after its retries, when its `on_error` is `stop`.
    """
    now = scope.now
    for step in _remaining(block, scope) if scope.resuming else block.steps:
        if scope.resuming and step.path + _FAILED in scope.resuming:
            yield from _instead(step, scope)
            continue
        started = now()
        try:
            if step.test is not None and not _entered_before(step, scope) and not step.test(scope):
                skip(step, scope, started)
                continue
            if not step.waits and step.retry is None:
                outputs: Any = step.run(scope)
                scope.records.append(
                    StepRecord(
                        step.path, step.kind, "completed", started, now(), "", outputs, 0,
                        step.parent, step.branch, scope.rounds,
                    )
                )  # fmt: skip
            else:
                outputs = yield from _patiently(step, scope, started)
                end(step, scope, "completed", outputs=outputs)
        except Stopped as stop:
            end(step, scope, "completed", started, outputs=ending(step, stop))
            raise
        except Cancelled:
            end(step, scope, "cancelled", started)
            raise
        except Exception as error:
            yield from _fail(step, scope, error, started)
            continue
        if step.id:
            scope.steps[step.id] = StepResult(
                {"state": "completed", "error": None}, **outputs or {}
            )


def _remaining(block: Block, scope: Scope) -> Sequence[PlannedStep]:
    """The steps from the one that was waiting; all of them when none was in this block."""
    for index, step in enumerate(block.steps):
        if step.path in scope.resuming or step.path + _FAILED in scope.resuming:
            return block.steps[index:]
    return block.steps


def _entered_before(step: PlannedStep, scope: Scope) -> bool:
    return step.path in scope.resuming


def _fail(
    step: PlannedStep, scope: Scope, error: Exception, started: float
) -> Generator[Any, Any, None]:
    scope.loops.pop(step.path + _RETRY, None)
    failed(step, scope, error, started)
    if isinstance(step.on_error, Block):
        scope.failures[step.path] = _error(step, error)
        yield from _instead(step, scope)


def _instead(step: PlannedStep, scope: Scope) -> Generator[Any, Any, None]:
    """Run the steps that stand in for a failed one; they alone see its `error`."""
    mark = step.path + _FAILED
    scope.active.add(mark)
    scope.resuming.discard(mark)
    inner = scope.child(scope.repeat)
    inner.error = scope.failures.get(step.path)
    try:
        yield from run_block(step.on_error, inner)  # type: ignore[arg-type]
    finally:
        scope.active.discard(mark)
        scope.failures.pop(step.path, None)


def _error(step: PlannedStep, error: Exception) -> dict[str, Any]:
    return {
        "step": step.id or step.path,
        "message": describe(error),
        "kind": type(error).__name__,
    }


def _patiently(step: PlannedStep, scope: Scope, started: float) -> Generator[Any, Any, Any]:
    """Run a step that may wait: with its retries and its timeout, marked as active meanwhile."""
    notes = begin(step, scope, started)
    scope.active.add(step.path)
    scope.resuming.discard(step.path)
    retry_path = step.path + _RETRY
    try:
        if retry_path in scope.waits:
            yield Sleep(scope.waits[retry_path], retry_path)
            del scope.waits[retry_path]
        while True:
            began = scope.now()
            try:
                outputs = yield from _attempt(step, scope)
                scope.loops.pop(retry_path, None)
                if notes.tries:
                    notes.tries = (*notes.tries, Try(began, scope.now()))
                return outputs
            except Stopped:
                raise
            except Exception as error:
                if step.retry is not None:
                    notes.tries = (*notes.tries, Try(began, scope.now(), describe(error)))
                tried = scope.loops[retry_path] = scope.loops.get(retry_path, 0) + 1
                if step.retry is None or tried >= step.retry.attempts:
                    raise
                scope.waits.pop(step.path, None)
                scope.waits[retry_path] = scope.now() + backoff(step.retry, tried)
                yield Sleep(scope.waits[retry_path], retry_path)
                del scope.waits[retry_path]
    finally:
        scope.active.discard(step.path)
        scope.waits.pop(step.path, None)


def _attempt(step: PlannedStep, scope: Scope) -> Generator[Any, Any, Any]:
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
        raise StepFailed(f"{name} timed out after {step.timeout:g} s") from None
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
