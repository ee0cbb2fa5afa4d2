"""What is recorded comes back as it was, under the names users know."""

import datetime as dt
import sys
from pathlib import Path

from edge_agent.ledger.records import DeviceRow, Latest
from edge_agent.views.history import HistoryView
from schemas.identity import text_id, unique_id
from schemas.run import Asked, Effect, Notes, Slot, StepRecord, Try
from tests.ledger.made import NOON, change, event, ledger_at, rig_events, run

CONTRACT = {
    "readings": "ts received device device_key property instance value text unit",
    "events": "ts received id channel source payload",
    "runs": "id pipeline version trigger state started finished error",
    "steps": "run path kind state started finished error",
    "effects": "run step kind target payload ts",
    "devices": "key name firmware area labels available last_seen",
}


async def test_the_tables_have_the_columns_of_the_contract(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path)
    for table, columns in CONTRACT.items():
        found = await ledger.query(f"select column_name, column_type from (describe {table})")
        assert [row["column_name"] for row in found] == columns.split()
        for row in found:
            if row["column_name"] in ("ts", "received", "started", "finished", "last_seen"):
                assert row["column_type"] == "TIMESTAMP WITH TIME ZONE"
    await ledger.close()


async def test_an_event_keeps_its_times_its_source_and_its_exact_text(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path)
    text = '{"a": 1.50,\n "ü": "x"}'
    made = event("a", NOON + 0.123456, raw=text.encode(), received=NOON + 2)
    ledger.event(made)
    (row,) = await ledger.query("from events")
    assert (row["id"], row["channel"], row["source"]) == (text_id(made.id), "mqtt", "t/a")
    assert row["payload"] == text
    assert row["ts"].timestamp() == NOON + 0.123456
    assert row["received"].timestamp() == NOON + 2
    assert row["ts"].utcoffset() == dt.timedelta(hours=2)  # Berlin in September
    await ledger.close()


async def test_bytes_that_are_no_text_are_shown_as_base64(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path)
    ledger.event(event("a", raw=b"\xff\x00"))
    assert [row["payload"] for row in await ledger.query("from events")] == ["/wA="]
    await ledger.close()


async def test_the_trace_of_a_run_shows_the_bytes_that_started_it(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path)
    happened = event("a", raw=b"\xd7\x6d\xf8")
    record = run(happened)
    ledger.event(happened)
    ledger.run(record)
    trace = await HistoryView(ledger).trace(record.id)
    assert trace.event is not None and trace.event.payload == "1234"
    await ledger.close()


async def test_an_internal_event_is_kept_as_json(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path)
    ledger.event(event("a", raw=b"", payload={"x": [1, None]}, channel="emit"))
    ledger.event(event("b", NOON + 1, raw=b"", channel="startup"))
    rows = await ledger.query("select channel, payload from events order by ts")
    assert rows == [
        {"channel": "emit", "payload": '{"x":[1,null]}'},
        {"channel": "startup", "payload": None},
    ]
    await ledger.close()


async def test_a_payload_beyond_a_mebibyte_is_cut(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path)
    ledger.event(event("a", raw=b"x" * 3_000_000))
    ledger.event(event("b", raw=b"\xff" * 3_000_000))
    rows = await ledger.query("select source, length(payload) n from events order by source")
    assert [row["n"] for row in rows] == [1 << 20, (((1 << 20) + 2) // 3) * 4]
    await ledger.close()


async def test_readings_of_every_type_are_told_apart(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path)
    ledger.message(
        event("a"),
        [
            change("temperature", 21.5, unit="°C"),
            change("battery", 57),
            change("state", "ON", instance="l1"),
            change("occupancy", True),
            change("scenes", ["a", 1]),
            change("huge", 10**400),
        ],
    )
    rows = await ledger.query("select * exclude (ts, received) from readings order by property")
    assert rows[5] == {
        "device": "lamp", "device_key": "fw:1", "property": "temperature",
        "instance": None, "value": 21.5, "text": None, "unit": "°C",
    }  # fmt: skip
    got = {row["property"]: (row["value"], row["text"]) for row in rows}
    assert got["battery"] == (57.0, None)
    assert got["state"] == (None, "ON")
    assert got["occupancy"] == (1.0, None)
    assert got["scenes"] == (None, '["a",1]')
    assert got["huge"] == (sys.float_info.max, None)
    assert {each.property: each.value for each in ledger.latest()} == {
        "temperature": 21.5, "battery": 57, "state": "ON", "occupancy": True, "scenes": ["a", 1],
        "huge": sys.float_info.max,
    }  # fmt: skip
    await ledger.close()


async def test_more_readings_than_a_row_has_columns_are_all_kept(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path)
    ledger.message(event("a"), [change(f"p{n:02}", n + 0.5) for n in range(20)])
    rows = await ledger.query("select property, value from readings order by property")
    assert [row["value"] for row in rows] == [n + 0.5 for n in range(20)]
    await ledger.close()


async def test_the_latest_values_are_those_recorded_last(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path)
    for n in range(3):
        ledger.message(event(f"{n}"), [change("a", n, NOON + n), change("b", "x")])
    ledger.message(event("0", NOON + 5), [change("a", 9.5, NOON + 5)])
    await ledger.flush()
    found = {each.property: each for each in ledger.latest()}
    assert found["a"] == Latest("fw:1", "lamp", "a", None, 9.5, None, NOON + 5)
    assert found["b"].value == "x"
    await ledger.close()


async def test_a_run_shows_its_steps_and_effects(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path)
    for happened, changes, record in rig_events(3):
        ledger.message(happened, changes)
        ledger.run(record)
    rows = await ledger.query("from runs order by started")
    assert [row["state"] for row in rows] == ["completed"] * 3
    assert rows[0]["id"] == text_id(rig_events(1)[0][2].id)
    (step,) = await ledger.query("from steps where run = $id", {"id": rows[0]["id"]})
    assert (step["path"], step["kind"], step["state"]) == ("0", "publish", "completed")
    (effect,) = await ledger.query("from effects where run = $id", {"id": rows[0]["id"]})
    assert (effect["target"], effect["payload"][:7]) == ("act/sensor_0", '{"seq":')
    await ledger.close()


async def test_a_trace_is_the_whole_run_with_its_event(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path)
    happened = event("a")
    notes = Notes(asked=(Asked("{{ x }}", held=True),), tries=(Try(NOON, NOON + 1),), until=NOON)
    record = run(
        happened,
        state="failed",
        error="broken",
        trigger={"id": "t", "value": 3},
        steps=[
            StepRecord("0", "log", "failed", NOON, NOON + 1, "broken", {"x": 1}, 2),
            StepRecord(
                "1/steps/0",
                "choose",
                "completed",
                NOON,
                NOON + 1,
                parent="1",
                branch="steps",
                rounds=(2,),
                notes=notes,
            ),
        ],
        effects=[Effect("0", "publish", "t", {"a": 1}, NOON, False, (2,))],
        inputs={"limit": 3},
        variables={"v": [1]},
        labels={"room": "cellar"},
        parent=unique_id(),
    )
    ledger.event(happened)
    ledger.run(record)
    entry = await ledger.trace(record.id)
    assert entry is not None and entry.run == record
    assert entry.event is not None and entry.event.id == happened.id
    assert await ledger.run_ids(text_id(record.id)[:10]) == [record.id]
    assert await ledger.trace(1) is None
    await ledger.close()


async def test_a_waiting_run_is_replaced_by_its_end(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path)
    happened = event("a")
    ledger.event(happened)
    ledger.run(run(happened, state="waiting"))
    assert [record.state for record in await ledger.runs()] == ["waiting"]
    ledger.run(run(happened))
    assert [record.state for record in await ledger.runs()] == ["completed"]
    await ledger.close()


async def test_a_waiting_run_is_replaced_after_a_restart_too(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path)
    happened = event("a")
    ledger.run(run(happened, state="waiting"))
    await ledger.close()
    ledger = ledger_at(tmp_path)
    ledger.run(run(happened, state="crashed"))
    assert [record.state for record in await ledger.runs()] == ["crashed"]
    await ledger.close()


async def test_runs_with_ids_of_any_kind_keep_them(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path)
    events = [event(str(n)) for n in range(200)]
    records = [run(each, id=unique_id()) for each in events]
    for happened, record in zip(events, records, strict=True):
        ledger.event(happened)
        ledger.run(record)
    found = await ledger.runs(limit=500)
    assert {(each.id, each.event) for each in found} == {(r.id, r.event) for r in records}
    await ledger.close()


async def test_runs_are_found_by_pipeline_state_and_time(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path)
    for n in range(4):
        happened = event(str(n), NOON + n)
        ledger.event(happened)
        ledger.run(run(happened, f"p{n % 2}", "failed" if n == 3 else "completed"))
    started = [record.started - NOON for record in await ledger.runs()]
    assert started == [3, 2, 1, 0]
    assert [r.started - NOON for r in await ledger.runs(pipeline="p1")] == [3, 1]
    assert [r.started - NOON for r in await ledger.runs(state="failed")] == [3]
    assert [r.started - NOON for r in await ledger.runs(before=NOON + 2, limit=1)] == [1]
    assert [r.started - NOON for r in await ledger.runs(since=NOON + 2)] == [3, 2]
    await ledger.close()


async def test_slots_memory_and_devices_keep_only_their_last_state(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path)
    for n in range(3):
        ledger.put(Slot("p/0", "k", {"n": n}, NOON + n))
        ledger.put(Slot("gone", f"k{n}", n))
        ledger.remember("colour", n, NOON + n)
        ledger.device(DeviceRow("fw:1", f"lamp{n}", "fw", "hall", {"a": "b"}, True, NOON, {"n": n}))
        await ledger.flush()
    ledger.put(Slot("p/1", "k", 1))
    ledger.drop("p/1", "k")
    ledger.drop("gone")
    ledger.remember("forgotten", 1, NOON)
    ledger.remember("forgotten", None, NOON)
    await ledger.close()
    ledger = ledger_at(tmp_path)
    assert ledger.slots() == [Slot("p/0", "k", {"n": 2}, NOON + 2)]
    assert ledger.memory() == [("colour", 2, NOON + 2)]
    kept = DeviceRow("fw:1", "lamp2", "fw", "hall", {"a": "b"}, True, NOON, {"n": 2})
    assert ledger.devices() == [kept]
    (row,) = await ledger.query("select name, labels->>'a' label from devices")
    assert row == {"name": "lamp2", "label": "b"}
    await ledger.close()


async def test_readings_are_asked_for_by_device_property_and_time(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path)
    for n in range(10):
        at = NOON + n * 10
        ledger.message(event(str(n), at), [change("a", n, at), change("b", -n, at)])
    found = await ledger.readings(device="lamp", property="a", since=NOON + 80)
    assert [each.value for each in found] == [9, 8]
    assert await ledger.readings(device="other") == []
    spans = await ledger.buckets(span=60, property="a")
    assert [(s.count, s.average, s.minimum, s.maximum) for s in spans] == [
        (6, 6.5, 4, 9), (4, 1.5, 0, 3),
    ]  # fmt: skip
    await ledger.close()


async def test_strange_rows_hold_up_nothing(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path)
    ledger.message(event("a"), [change("x\ud800", "\ud800"), change("nan", float("nan"))])
    ledger.message(event("b"), [change("y", 10**30), change("inf", float("-inf"))])
    ledger.run(run(event("b"), variables={"deep": _nested(500), "o": object(), 1: {2}}))
    assert await ledger.flush()
    assert len(await ledger.query("from events")) == 2
    assert ledger.stats.healthy and not ledger.stats.lost
    await ledger.close()


def _nested(depth: int) -> list[object]:
    inner: list[object] = []
    for _ in range(depth):
        inner = [inner]
    return inner


async def test_events_of_qos_1_and_2_are_counted_for_ever(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path)
    made = [event(str(n), qos=n % 3) for n in range(9)]
    for each in made:
        ledger.event(each)
    ledger.prove(4)
    await ledger.close()
    ledger = ledger_at(tmp_path)
    assert (ledger.committed(), ledger.proven()) == (6, 4)
    assert ledger.last_ids(2) == [made[7].id, made[8].id]
    assert ledger.last_commit() == NOON
    await ledger.close()
