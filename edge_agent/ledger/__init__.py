"""The ledger: everything that happened, in an embedded DuckDB with group commit."""

from edge_agent.ledger.ledger import Ledger
from edge_agent.ledger.problems import LedgerBusy, LedgerProblem, QueryProblem

__all__ = ["Ledger", "LedgerBusy", "LedgerProblem", "QueryProblem"]
