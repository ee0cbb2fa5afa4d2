"""Carries the ledger to a coordinator."""
