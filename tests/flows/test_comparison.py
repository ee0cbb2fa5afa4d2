"""Two versions side by side: every firing is told as same, different, or one's alone."""

from flows.comparison import MOST, Comparison
from tests.flows.house import House

LIVE = """
id: lamp
mode: parallel
triggers:
  - mqtt: {topic: go}
  - reading: {device: hall, property: state, to: true, for: 1m}
conditions: ["{{ trigger.payload is not defined or trigger.payload != 1 }}"]
steps:
  - if: "{{ trigger.payload is defined and trigger.payload == 4 }}"
    delay: 1m
  - publish: {topic: out, payload: "{{ trigger.payload | default(0) }}"}
"""
SAID = "trigger.payload | default(0)"
CANDIDATE = LIVE.replace("payload != 1", "payload != 2").replace(
    SAID, f"'!' if trigger.payload is defined and trigger.payload == 3 else {SAID}"
)


def _compared() -> tuple[House, Comparison]:
    house = House()
    house.load(LIVE)
    house.message("go", 9)  # before: does not count
    house.pass_(1)
    house.put_beside(CANDIDATE)
    comparison = Comparison("lamp", house.clock.now())
    house.engine.on_run.append(comparison.note)
    return house, comparison


def test_each_firing_is_told_for_what_it_is() -> None:
    house, comparison = _compared()
    house.pass_(1)
    for payload in range(5):
        house.message("go", payload)
    assert [each.verdict for each in comparison.firings()] == [
        "same", "only candidate", "only live", "different", "under way",
    ]  # fmt: skip
    house.pass_(60)
    assert comparison.totals() == {
        "same": 2, "only candidate": 1, "only live": 1, "different": 1,
    }  # fmt: skip
    assert house.sent == [b"9", b"0", b"2", b"3", b"4"]  # the live version's, nothing else


def test_deadlines_of_both_are_one_firing() -> None:
    house, comparison = _compared()
    house.report("hall", "state", False)
    house.report("hall", "state", True)
    house.pass_(60)
    assert comparison.totals() == {"same": 1}


def test_runs_of_one_event_are_told_apart() -> None:
    house, comparison = _compared()
    both = LIVE.replace("topic: go}", "topic: go}\n  - mqtt: {topic: '#'}")
    house.load(both)
    house.put_beside(both)
    house.message("go", 0)
    assert comparison.totals() == {"same": 2}


def test_old_firings_are_only_counted() -> None:
    house, comparison = _compared()
    house.pass_(1)
    for _ in range(MOST + 5):
        house.message("go", 0)
    assert len(comparison.firings()) == MOST
    assert comparison.totals() == {"same": MOST + 5}
