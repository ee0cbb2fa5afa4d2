"""What became of the firings of one pipeline, and of its runs."""

from schemas.run import RunRecord

LastRun = tuple[int, str, str, str, float, float | None, str]
"""Of a pipeline's last run: id, version, trigger, state, started, finished, error. The whole record
would be kept until the next one, and freed when no cache holds it any more (measured with a
thousand pipelines: 3 % of all)."""


class Counts:
    """Plain numbers for the metrics, and the last run."""

    __slots__ = (
        "_others", "completed", "fired", "held_back", "last", "missed", "overflowed", "stale",
        "unmet",
    )  # fmt: skip

    def __init__(self) -> None:
        self.fired = self.stale = self.unmet = self.held_back = self.overflowed = self.missed = 0
        self.completed = 0
        self._others: dict[str, int] = {}
        self.last: LastRun | None = None

    def note(self, record: RunRecord) -> None:
        """A run has ended or begun to wait."""
        state = record.state
        self.last = (
            record.id, record.version, record.trigger.get("id", ""), state, record.started,
            record.finished, record.error,
        )  # fmt: skip
        if state == "completed":
            self.completed += 1
        elif state != "waiting":
            self._others[state] = self._others.get(state, 0) + 1

    @property
    def runs(self) -> dict[str, int]:
        """How many runs have ended, by state."""
        return ({"completed": self.completed} if self.completed else {}) | self._others
