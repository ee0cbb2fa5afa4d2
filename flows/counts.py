"""What became of the firings of one pipeline, as numbers."""


class Counts:
    """What became of a pipeline's firings; plain numbers for the metrics."""

    __slots__ = ("fired", "held_back", "missed", "overflowed", "stale", "unmet")

    def __init__(self) -> None:
        self.fired = self.stale = self.unmet = self.held_back = self.overflowed = self.missed = 0
