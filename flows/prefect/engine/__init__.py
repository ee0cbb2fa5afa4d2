"""Prefect's own engine in a process of its own, which carries the runs of `path: flow`."""
