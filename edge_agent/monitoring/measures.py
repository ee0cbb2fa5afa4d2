"""What the agent measures: the names of contract §5, each once."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from edge_agent.monitoring.metrics import Labels, Metrics

_STATM = Path("/proc/self/statm")
_FDS = Path("/proc/self/fd")


class Measures:
    """The metrics that are counted where things happen.

    Keep children (`measures.events.labels("mqtt")`) rather than asking for them at each event.
    `commit_seconds` is written by the ledger's thread, everything else by the event loop.
    """

    def __init__(self, metrics: Metrics) -> None:
        self.events = metrics.counters(
            "hearthflow_events_total", "Events that arrived, by channel.", "channel"
        )
        self.trigger_to_action = metrics.histogram(
            "hearthflow_trigger_to_action_seconds",
            "From the arrival of an event to the first action of a run it started.",
        )
        self.commit_seconds = metrics.histogram(
            "hearthflow_ledger_commit_seconds", "Duration of the ledger's group commits."
        )
        self.refused = metrics.counters(
            "hearthflow_gateway_refused_total", "HTTP requests refused at the door.", "reason"
        )


def watch(
    metrics: Metrics,
    *,
    runs: Callable[[], Mapping[Labels, float]],
    connected: Callable[[], bool],
    outbox_rows: Callable[[], Mapping[str, float]],
    lost_rows: Callable[[], Mapping[str, float]],
    missed_readings: Callable[[], Mapping[str, float]],
    version: str,
) -> None:
    """Add what others keep: runs, the connection, followers' backlog, lost rows, the process."""
    metrics.read(
        "hearthflow_runs_total",
        "Runs that ended, by result.",
        runs,
        "pipeline",
        "result",
        kind="counter",
    )
    metrics.read(
        "hearthflow_mqtt_connected",
        "1 while the agent is connected to its broker.",
        lambda: float(connected()),
    )
    metrics.read(
        "hearthflow_outbox_rows",
        "Ledger rows a follower has not carried away yet.",
        lambda: _by(outbox_rows()),
        "follower",
    )
    metrics.read(
        "hearthflow_ledger_lost_rows_total",
        "Rows that could not be recorded (disk full, read-only home), by table.",
        lambda: _by(lost_rows()),
        "table",
        kind="counter",
    )
    metrics.read(
        "hearthflow_window_missed_readings_total",
        "Readings that did not count in a window: they came too late, or it had too many groups.",
        lambda: _by(missed_readings()),
        "reason",
        kind="counter",
    )
    metrics.read("hearthflow_build_info", "The version.", lambda: {(version,): 1.0}, "version")
    watch_process(metrics)


def watch_process(metrics: Metrics) -> None:
    """Add the process's memory, CPU time and open files, under Prometheus's usual names."""
    started = time.time()
    metrics.read("process_resident_memory_bytes", "Resident memory.", resident_bytes)
    metrics.read(
        "process_cpu_seconds_total", "User and system CPU time.", time.process_time, kind="counter"
    )
    metrics.read("process_start_time_seconds", "Start, in Unix time.", lambda: started)
    if _FDS.is_dir():
        metrics.read("process_open_fds", "Open file descriptors.", _open_files)


def resident_bytes() -> float:
    """Resident memory now; where there is no /proc, its peak."""
    try:
        pages = int(_STATM.read_text().split()[1])
    except FileNotFoundError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return float(peak if sys.platform == "darwin" else peak * 1024)
    return float(pages * resource.getpagesize())


def _open_files() -> float:
    return float(sum(1 for _ in _FDS.iterdir()))


def _by(numbers: Mapping[str, float]) -> dict[Labels, float]:
    return {(name,): number for name, number in numbers.items()}
