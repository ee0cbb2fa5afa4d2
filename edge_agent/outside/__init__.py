"""Slow things outside: HTTP requests, named notify targets, and SQL over the ledger."""
