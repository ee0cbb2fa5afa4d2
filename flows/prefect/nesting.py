"""Which step of a run lay inside which, and which came after which."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from schemas.run import StepRecord

_Place = tuple[str, tuple[int, ...]]


class Placed(Struct):
    """A step with its number in the record, the step before it and the one around it."""

    number: int
    step: StepRecord
    after: int | None = None
    within: int | None = None


def placed(steps: Sequence[StepRecord]) -> Iterator[Placed]:
    """The steps of a run with their places, in the order of the record."""
    at = {(step.path, step.rounds): number for number, step in enumerate(steps)}
    last: dict[tuple[int | None, str], int] = {}
    for number, step in enumerate(steps):
        within = _around(step, at)
        block = (within, "" if within is None else step.branch)
        yield Placed(number, step, last.get(block), within)
        last[block] = number


def _around(step: StepRecord, at: dict[_Place, int]) -> int | None:
    """The step it lies in: in the same round, or the `repeat` that this is a round of."""
    if not step.parent:
        return None
    return at.get((step.parent, step.rounds), at.get((step.parent, step.rounds[:-1])))
