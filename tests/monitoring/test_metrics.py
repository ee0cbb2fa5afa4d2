"""The metrics, read back by a strict reader of the format."""

from __future__ import annotations

import math

import pytest

from edge_agent.monitoring.measures import Measures, watch
from edge_agent.monitoring.metrics import Metrics
from tests.monitoring.exposition import read


def test_every_metric_of_the_contract_is_exposed() -> None:
    metrics = Metrics()
    measures = Measures(metrics)
    watch(
        metrics,
        runs=lambda: {("freezer-alarm", "completed"): 1},
        connected=lambda: True,
        outbox_rows=lambda: {"prefect": 3},
        lost_rows=lambda: {"readings": 1},
        missed_readings=lambda: {"late": 2},
        version="1.2",
    )
    measures.events.labels("mqtt").inc(2)
    measures.trigger_to_action.observe(0.0007)
    measures.commit_seconds.observe(0.02)
    families = read(metrics.render().decode())
    numbers = {key: value for f in families.values() for key, value in f.samples.items()}
    labels = (("pipeline", "freezer-alarm"), ("result", "completed"))
    assert numbers["hearthflow_runs_total", labels] == 1
    assert numbers["hearthflow_events_total", (("channel", "mqtt"),)] == 2
    assert numbers["hearthflow_trigger_to_action_seconds_bucket", (("le", "0.001"),)] == 1
    assert numbers["hearthflow_ledger_commit_seconds_sum", ()] == 0.02
    assert numbers["hearthflow_outbox_rows", (("follower", "prefect"),)] == 3
    assert numbers["hearthflow_ledger_lost_rows_total", (("table", "readings"),)] == 1
    assert numbers["hearthflow_window_missed_readings_total", (("reason", "late"),)] == 2
    assert numbers["hearthflow_mqtt_connected", ()] == 1
    assert numbers["process_resident_memory_bytes", ()] > 1e6
    assert numbers["process_cpu_seconds_total", ()] > 0


def test_a_histogram_counts_a_value_in_every_bucket_it_fits() -> None:
    metrics = Metrics()
    histogram = metrics.histogram("h_seconds", "H.")
    for value in (0.0005, 0.0006, 3.0, 99.0):
        histogram.observe(value)
    samples = read(metrics.render().decode())["h_seconds"].samples
    counts = {dict(labels).get("le"): value for (_, labels), value in samples.items()}
    assert (counts["0.0005"], counts["0.001"], counts["5"], counts["10"]) == (1, 2, 3, 3)
    assert counts["+Inf"] == 4


@pytest.mark.parametrize("value", ['a"b', "a\\b", "a\nb", "\\n", "ä{}=,", ""])
def test_odd_label_values_survive(value: str) -> None:
    metrics = Metrics()
    metrics.counters("x_total", 'Help with \\ and\nlines and "quotes".', "l").labels(value).inc()
    (key,) = read(metrics.render().decode())["x_total"].samples
    assert key == ("x_total", (("l", value),))


def test_numbers_that_are_none_are_spelled_as_the_format_does() -> None:
    metrics = Metrics()
    odd: dict[tuple[str, ...], float] = {
        ("a",): math.inf,
        ("b",): -math.inf,
        ("c",): math.nan,
        ("d",): 0.1,
        ("e",): 1e21,
    }
    metrics.read("x", "X.", lambda: odd, "l")
    text = metrics.render().decode()
    assert 'x{l="a"} +Inf\nx{l="b"} -Inf\nx{l="c"} NaN\nx{l="d"} 0.1\n' in text
    read(text)


def test_a_child_is_the_same_each_time_and_needs_all_labels() -> None:
    counters = Metrics().counters("x_total", "X.", "a", "b")
    assert counters.labels("1", "2") is counters.labels("1", "2")
    with pytest.raises(ValueError, match="labels"):
        counters.labels("1")


def test_a_name_is_given_once() -> None:
    metrics = Metrics()
    metrics.counters("x_total", "X.")
    with pytest.raises(ValueError, match="x_total"):
        metrics.histogram("x_total", "X.")


def test_a_counter_without_labels_is_there_from_the_start() -> None:
    metrics = Metrics()
    metrics.counters("x_total", "X.")
    assert b"\nx_total 0\n" in metrics.render()
