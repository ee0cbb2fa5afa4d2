"""The line before a model, whoever comes, goes or gives up: no turn is lost, none given twice."""

from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.models.driver import ModelBusy
from edge_agent.models.line import Line
from schemas.model import Priority
from tests.models.scripted import settled

AT_ONCE, MOST = 2, 3
COMES = st.tuples(st.just("comes"), st.sampled_from(["low", "normal", "high"]))
ENDS = st.tuples(st.sampled_from(["is done", "gives up"]), st.integers(0, 9))


class Guests:
    """Who came to a line: each holds its turn until it is done."""

    def __init__(self) -> None:
        self.line = Line(AT_ONCE, MOST)
        self.served: list[asyncio.Event] = []
        self.tasks: list[asyncio.Task[None]] = []
        self.refused = 0

    def come(self, priority: Priority) -> None:
        self.tasks.append(asyncio.create_task(self._visit(priority)))

    def be_done(self, which: int) -> None:
        if self.served:
            self.served[which % len(self.served)].set()

    def give_up(self, which: int) -> None:
        if self.tasks:
            self.tasks[which % len(self.tasks)].cancel()

    async def _visit(self, priority: Priority) -> None:
        done = asyncio.Event()
        try:
            async with self.line.turn(priority):
                self.served.append(done)
                try:
                    await done.wait()
                finally:
                    self.served.remove(done)
        except ModelBusy:
            self.refused += 1


@settings(deadline=None, max_examples=60)
@given(st.lists(st.one_of(COMES, ENDS), max_size=40), st.booleans())
def test_no_turn_is_lost_and_none_is_given_twice(
    story: list[tuple[str, Priority | int]], calm: bool
) -> None:
    async def told() -> None:
        guests = Guests()
        for what, detail in story:
            if what == "comes":
                guests.come(detail)  # type: ignore[arg-type]
            elif what == "is done":
                guests.be_done(detail)  # type: ignore[arg-type]
            else:
                guests.give_up(detail)  # type: ignore[arg-type]
            if calm:
                await settled()
                assert guests.line.running == len(guests.served) <= AT_ONCE
                assert guests.line.waiting == 0 or guests.line.running == AT_ONCE
            assert guests.line.waiting <= MOST
        while not all(task.done() for task in guests.tasks):
            await settled()
            for done in list(guests.served):
                done.set()
        assert (guests.line.running, guests.line.waiting) == (0, 0)

    asyncio.run(told())
