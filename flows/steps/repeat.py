"""The step `repeat`: steps over and over."""

from collections.abc import Generator, Sequence
from typing import Annotated, Any

from msgspec import Meta, Struct

from flows.executor import resumes, run_block
from flows.matching import number
from pipelines.plan import Block
from pipelines.registry import step
from pipelines.scope import Expr, Scope, Test
from pipelines.step import Pause, Step, StepFailed, StepFn
from pipelines.step import Steps as Running
from pipelines.tools import Tools
from schemas.fields import Conditions, Expression, Steps

_ENDLESS = 10_000
_TOLD = 100  # items that a trace holds; of more it tells the number


@step
class Repeat(Step, frozen=True):
    """Run steps over and over: so many times, while or until conditions hold, or for each item.

    `while` is asked before each round, `until` after it. Inside, `repeat.index` counts the rounds
    from 1, `repeat.first` and (with `count` and `for_each`) `repeat.last` mark the ends, and
    `repeat.item` is the item. 10,000 rounds without any wait fail the step. Result: `rounds`.
    """

    steps: Annotated[Steps, Meta(description="The steps of each round.")]
    count: Annotated[int | Expression | None, Meta(description="How many rounds.")] = None
    while_: Annotated[Conditions, Meta(description="Go on while these hold.")] = None
    until: Annotated[Conditions, Meta(description="Go on until these hold.")] = None
    for_each: Annotated[
        list[Any] | Expression | None, Meta(description="The items, or an expression for them.")
    ] = None

    def compile(self, tools: Tools) -> StepFn:
        """Choose how the rounds are counted; what runs runs them."""
        given = [self.count, self.while_, self.until, self.for_each]
        if sum(value is not None for value in given) != 1:
            tools.problem(
                "it must say how often", hint="give one of `count`, `while`, `until`, `for_each`"
            )
        items_of, path = self._items(tools), tools.path
        told = {key: ", ".join(text) for key in ("while", "until") if (text := tools.wording(key))}
        counts = self.for_each is None
        rounds = Rounds(
            tools.steps(self.steps, "steps"),
            None if self.while_ is None else tools.conditions(self.while_, "while"),
            None if self.until is None else tools.conditions(self.until, "until"),
        )

        def repeat(scope: Scope) -> Running:
            entered = resumes(rounds.block, scope)
            first = scope.loops.get(path, 0) if entered else 0
            items = items_of(scope)
            scope.notes(path).inputs = told or _told(items, counts=counts)
            index = yield from rounds.run(scope, items, path, first)
            scope.loops.pop(path, None)
            return {"rounds": index}

        return repeat

    def _items(self, tools: Tools) -> Expr:
        if self.for_each is not None:
            items = tools.template(self.for_each, "for_each")
            return lambda scope: _listed(items(scope))
        if self.count is not None:
            count = tools.expression(self.count, "count")
            return lambda scope: range(_counted(count(scope)))
        return lambda scope: None


class Rounds(Struct, frozen=True):
    """The steps of a round, and what is asked before and after each."""

    block: Block
    before: Test | None
    after: Test | None

    def run(
        self, scope: Scope, items: Sequence[Any] | None, path: str, first: int
    ) -> Generator[Pause, Any, int]:
        """Run the rounds from the first on; how many there were in all."""
        index = rested = first
        while items is None or index < len(items):
            inner = scope.child(_round(index, items))
            entered = resumes(self.block, scope)
            if self.before and not entered and not self.before(inner):
                break
            scope.loops[path] = index
            running = _Noticing(run_block(self.block, inner))
            yield from running
            index += 1
            rested = index if running.waited else rested
            if self.after and self.after(inner):
                break
            if index - rested > _ENDLESS:
                raise StepFailed(f"{_ENDLESS} rounds without a wait: this would never end")
        return index


class _Noticing:
    """A generator, passed on as it is; `yield from` it tells whether it has ever waited."""

    def __init__(self, running: Generator[Pause, Any, None]) -> None:
        self._running = running
        self.waited = False

    def __iter__(self) -> Generator[Pause, Any, None]:
        return self

    def __next__(self) -> Pause:
        pause = next(self._running)
        self.waited = True
        return pause

    def send(self, value: Any) -> Pause:
        return self._running.send(value)

    def throw(self, *error: Any) -> Pause:
        return self._running.throw(*error)

    def close(self) -> None:
        self._running.close()


def _round(index: int, items: Sequence[Any] | None) -> dict[str, Any]:
    return {
        "index": index + 1,
        "first": index == 0,
        "last": index + 1 == len(items) if items is not None else False,
        "item": items[index] if items is not None else None,
    }


def _told(items: Sequence[Any] | None, *, counts: bool) -> dict[str, Any]:
    """What a trace tells of how often it went round."""
    if items is None:
        return {}
    if counts:
        return {"count": len(items)}
    return {"for_each": items if len(items) <= _TOLD else f"{len(items)} items"}


def _listed(items: Any) -> list[Any]:
    if not isinstance(items, list | tuple):
        raise StepFailed(f"`for_each` needs a list, not {items!r}")
    return list(items)


def _counted(count: Any) -> int:
    rounds = number(count)
    if rounds is None or rounds < 0 or rounds != int(rounds):
        raise StepFailed(f"`count` needs a whole number, not {count!r}")
    return int(rounds)
