"""Care at the start: runs whose taking up kills the agent are not taken up for ever."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable

from pipelines.ports import Clock, Slots

MOST_DEATHS = 3
_CHANCE = 1  # so many may have had another reason
_COMMITTED = 0.5  # seconds until what was noted is on disk
_LOOK_AGAIN, _LOOKS = 1.0, 10


class Caution:
    """Counts, by pipeline, the starts that died while its left-over runs were being taken up.

    A pipeline is noted before its runs are taken up, and no more once they have ended or wait
    again, or ten seconds have gone well. After a second death the noted ones are suspects: they are
    taken up one after the other, so that only the guilty one is found again. The caller makes
    durable what is noted here before it goes on.
    """

    def __init__(self, slots: Slots, pending: Iterable[str], clock: Clock) -> None:
        self._slots = slots
        self._clock = clock
        self._turns: list[tuple[str, Callable[[], None], Callable[[], bool]]] = []
        pending = set(pending)
        for pipeline in set(slots.keys()) - pending:
            slots.drop(pipeline)
        self._died = {pipeline: int(slots.get(pipeline)) for pipeline in slots.keys()}  # noqa: SIM118
        for pipeline in pending:
            if not self.is_suspect(pipeline):
                slots.put(pipeline, self.deaths(pipeline) + 1)

    def deaths(self, pipeline: str) -> int:
        """How many starts in a row have died over this pipeline."""
        return self._died.get(pipeline, 0)

    def is_suspect(self, pipeline: str) -> bool:
        """Whether its runs have to wait for their turn."""
        return self.deaths(pipeline) > _CHANCE

    def take_up(
        self, pipeline: str, begin: Callable[[], None], is_acting: Callable[[], bool]
    ) -> None:
        """Take up a pipeline's runs with `begin`: now, or when its turn as a suspect comes."""
        if not self.is_suspect(pipeline):
            begin()
            self._watch(pipeline, is_acting, _LOOKS)
            return
        self._turns.append((pipeline, begin, is_acting))
        self._turns.sort(key=lambda turn: self.deaths(turn[0]))
        if len(self._turns) == 1:
            self._clock.call_at(0, self._next)

    def keep(self, pipelines: Container[str]) -> None:
        """Forget the pipelines that are no more."""
        for pipeline in self._slots.keys():  # noqa: SIM118
            if pipeline not in pipelines:
                self.forget(pipeline)

    def forget(self, pipeline: str) -> None:
        """What the pipeline had left is gone, or has gone well."""
        self._slots.drop(pipeline)

    def _next(self) -> None:
        if not self._turns:
            return
        pipeline, begin, is_acting = self._turns.pop(0)
        self._slots.put(pipeline, self.deaths(pipeline) + 1)

        def take_up() -> None:
            begin()
            self._watch(pipeline, is_acting, _LOOKS)

        self._clock.call_at(self._clock.now() + _COMMITTED, take_up)

    def _watch(self, pipeline: str, is_acting: Callable[[], bool], looks: int) -> None:
        """Look until the runs of a pipeline rest; then it is the next one's turn."""

        def look() -> None:
            if is_acting() and looks > 0:
                self._watch(pipeline, is_acting, looks - 1)
                return
            self.forget(pipeline)
            if self.is_suspect(pipeline):
                self._next()

        later = self._clock.now() + _LOOK_AGAIN if is_acting() or looks < _LOOKS else 0
        self._clock.call_at(later, look)
