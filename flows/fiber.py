"""Driving a waiting run: what each kind of pause does until the run goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from typing import Any, Protocol

from flows.ports import SettableClock
from flows.slots import OwnedSlots
from flows.trying import Cancelled, Expired, Within
from pipelines.ports import Handle
from pipelines.scope import Scope
from pipelines.step import Await, Listen, Sleep, Together
from pipelines.trigger import Watch
from schemas.event import Event


class World(Protocol):
    """What a waiting run needs of the engine."""

    clock: SettableClock

    def watch(self, watch: Watch) -> Callable[[], None]:
        """Attach a watch; the returned function detaches it."""

    def soon(self, call: Callable[[], None]) -> None:
        """Call when the event under way has been shown to everybody, in the same commit."""

    def slots(self, owner: str) -> OwnedSlots:
        """The durable state under an owner."""

    def release(self, owner: str) -> None:
        """Drop all state under an owner."""


class Fiber:
    """One generator being driven; `done(result, error)` is called once when it has ended."""

    __slots__ = (
        "_cancel", "_deadline", "_done", "_generator", "_settled", "branches", "is_kept", "pause",
        "scope", "world",
    )  # fmt: skip

    def __init__(
        self,
        generator: Generator[Any, Any, Any],
        scope: Scope,
        world: World,
        *,
        done: Callable[[Any, BaseException | None], None],
        settled: Callable[[], None] = lambda: None,
    ) -> None:
        self._generator = generator
        self._done = done
        self._settled = settled
        self._cancel: Callable[[], None] | None = None
        self._deadline: Handle | None = None
        self.pause: Any = None
        self.branches: list[Fiber] = []
        self.is_kept = False
        self.scope = scope
        self.world = world

    @property
    def is_acting(self) -> bool:
        """Whether it waits for something that it does itself, not for a time or a trigger."""
        if isinstance(self.pause, Together):
            return any(branch.is_acting for branch in self.branches)
        return isinstance(self.pause, Await)

    def start(self) -> None:
        """Run to the first pause."""
        self._drive(self._generator.send, None)

    def wait(self, pause: Any) -> None:
        """Begin at a pause the generator has already yielded."""
        self._cancel = start_pause(pause, self)

    def resume(self, value: Any = None) -> None:
        """Go on with what was waited for."""
        self._awake()
        self._drive(self._generator.send, value)

    def throw(self, error: BaseException) -> None:
        """Go on with an error where the run waits."""
        self._awake()
        self._drive(self._generator.throw, error)

    def expire_at(self, until: float, mark: str, call_off: Callable[[], None]) -> None:
        """Raise `Expired(mark)` where the run waits, unless it goes on before."""

        def expire() -> None:
            call_off()
            self.throw(Expired(mark))

        self._deadline = self.call_at(until, expire)

    def cancel(self) -> None:
        """End the run where it waits; its `finally` steps still run."""
        if self._cancel is not None:
            self._cancel()
            self.throw(Cancelled())

    def abandon(self) -> None:
        """Stop waiting without ending the run: the agent is going down."""
        if self._cancel is not None:
            self._cancel()
            self._awake()

    def call_at(self, when: float, callback: Callable[[], None]) -> Handle:
        """A deadline: one that an earlier life has set is a time on the wall (`is_kept`)."""
        clock = self.world.clock
        return clock.at_wall(when, callback) if self.is_kept else clock.call_at(when, callback)

    def clock_set(self, by: float) -> None:
        """Somebody has set the clock: what is left of its waits stays as long."""
        waits = self.scope.waits
        if not self.is_kept:
            for path in waits:
                waits[path] += by
            self._settled()

    def _awake(self) -> None:
        self.is_kept = False
        self._cancel = None
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _drive(self, send: Callable[[Any], Any], value: Any) -> None:
        try:
            pause = send(value)
        except StopIteration as stop:
            self._done(stop.value, None)
        except Cancelled as error:
            self._done(None, error)
        except Exception as error:
            self._done(None, error)
        else:
            self._cancel = start_pause(pause, self)
            self._settled()


def start_pause(pause: Any, fiber: Fiber) -> Callable[[], None]:
    """Begin to wait; returns what calls the waiting off."""
    fiber.pause = pause
    return _STARTS[type(pause)](pause, fiber)


def _sleep(pause: Sleep, fiber: Fiber) -> Callable[[], None]:
    fiber.scope.waits[pause.path] = pause.until
    return fiber.call_at(pause.until, fiber.resume).cancel


def _await(pause: Await, fiber: Fiber) -> Callable[[], None]:
    task = asyncio.ensure_future(pause.awaitable)

    def finished(task: asyncio.Future[Any]) -> None:
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            fiber.resume(task.result())
        else:
            fiber.throw(error)

    task.add_done_callback(finished)

    def call_off() -> None:
        task.remove_done_callback(finished)
        task.cancel()

    return call_off


def _listen(pause: Listen, fiber: Fiber) -> Callable[[], None]:
    owner = f"run/{fiber.scope.run_id:x}/{pause.path}"
    ends: list[Callable[[], None]] = []
    over = False

    def stop() -> None:
        nonlocal over
        over = True
        for end in ends:
            end()
        ends.clear()

    def hear(trigger: dict[str, Any] | None) -> None:
        if over:
            return
        stop()
        fiber.world.release(owner)
        fiber.resume(trigger)

    for identity, arm in pause.arms:

        def fire(data: dict[str, Any], event: Event, identity: str = identity) -> None:
            fiber.world.soon(lambda: hear({"id": identity, **data}))

        slots = fiber.world.slots(f"{owner}/{identity}")
        ends.append(slots.close)
        ends.extend(fiber.world.watch(watch) for watch in arm(fire, slots, fiber.scope))
    if pause.until is not None:
        fiber.scope.waits[pause.path] = pause.until
        ends.append(fiber.call_at(pause.until, lambda: hear(None)).cancel)
    return stop


def _together(pause: Together, fiber: Fiber) -> Callable[[], None]:
    results: list[Any] = [None] * len(pause.branches)
    fibers: list[Fiber] = []
    left = len(pause.branches)
    over = called_off = False

    def ended(index: int, result: Any, error: BaseException | None) -> None:
        nonlocal left, over
        results[index] = result
        left -= 1
        if over:
            return
        if error is not None:
            over = True
            cancel()
            go_on(lambda: fiber.throw(error))
        elif left == 0:
            over = True
            go_on(lambda: fiber.resume(results))
        else:
            fiber._settled()  # what the branch has done is not done again after a restart

    def go_on(resume: Callable[[], None]) -> None:
        fiber.world.soon(lambda: None if called_off else resume())

    def cancel() -> None:
        for branch in fibers:
            branch.cancel()

    for index, generator in enumerate(pause.branches):

        def done(result: Any, error: BaseException | None, index: int = index) -> None:
            ended(index, result, error)

        fibers.append(Fiber(generator, fiber.scope, fiber.world, done=done, settled=fiber._settled))
    fiber.branches = fibers
    for branch in fibers:
        branch.is_kept = fiber.is_kept
    for branch in fibers:
        if not over:
            branch.start()

    def call_off() -> None:
        nonlocal over, called_off
        over = called_off = True
        cancel()

    return call_off


def _within(pause: Within, fiber: Fiber) -> Callable[[], None]:
    call_off = start_pause(pause.pause, fiber)
    fiber.expire_at(pause.until, pause.mark, call_off)
    return call_off


_STARTS: dict[type, Callable[[Any, Fiber], Callable[[], None]]] = {
    Sleep: _sleep,
    Await: _await,
    Listen: _listen,
    Together: _together,
    Within: _within,
}
