"""Pipelines' tests: played in an agent that is all in memory, or on a real ledger."""
