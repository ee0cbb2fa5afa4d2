"""The ledger: the append-only record in DuckDB."""
