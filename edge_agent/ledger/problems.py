"""What can be wrong with a ledger, told to a person."""


class LedgerProblem(Exception):
    """The ledger cannot be opened as it is: damaged, or written by a newer version."""


class LedgerBusy(LedgerProblem):
    """Another process holds the ledger; `pid` is 0 when it could not be told."""

    def __init__(self, path: str, pid: int = 0) -> None:
        who = f" (pid {pid})" if pid else ""
        super().__init__(f"another agent runs in this home{who}: it holds {path}")
        self.pid = pid


class LedgerUnwritable(LedgerProblem):
    """The file cannot be written now: disk full, read-only or failing."""


class QueryProblem(LookupError):
    """A query that is refused, wrong, too slow or too large; the text tells the user which."""
