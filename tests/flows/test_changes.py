"""Pipelines changed while they run: what stays, what goes on, what ends."""

from tests.flows.house import START, House

WARM = """
id: warm
triggers:
  - reading: {device: freezer, property: temperature, above: -12, for: 5m}
steps:
  - publish: {topic: out, payload: old}
"""
WARMER = WARM.replace("triggers:", "triggers:\n  - mqtt: {topic: test}").replace("old", "new")
SLOW = """
id: slow
triggers:
  - mqtt: {topic: go}
steps:
  - publish: {topic: out, payload: "VERSION begins"}
  - delay: 1m
  - publish: {topic: out, payload: "VERSION ends"}
"""
DAILY = """
id: daily
missed: MISSED
triggers:
  - at: "01:30"
steps:
  - publish: {topic: out, payload: VERSION}
"""


def test_a_timer_goes_on_when_another_trigger_is_put_above_its_own() -> None:
    house = House()
    house.load(WARM)
    house.report("freezer", "temperature", -20)
    house.report("freezer", "temperature", -5)
    house.pass_(240)
    house.load(WARMER)
    house.pass_(59)
    assert house.sent == []
    house.pass_(1)
    assert house.sent == ["new"]


def test_the_state_of_a_trigger_that_says_something_else_now_is_forgotten() -> None:
    house = House()
    house.load(WARM)
    house.report("freezer", "temperature", -20)
    house.report("freezer", "temperature", -5)
    house.load(WARM.replace("-12", "-10"))
    house.pass_(600)
    assert house.sent == []
    assert not [slot for slot in house.recorder.slots() if slot.owner.startswith("trigger/")]


def test_a_run_ends_under_the_version_it_began_with_and_the_next_begins_under_the_new() -> None:
    house = House()
    house.load(SLOW.replace("VERSION", "old"))
    house.message("go")
    house.load(SLOW.replace("VERSION", "new"))
    house.message("go")  # mode single: the old run still counts
    house.pass_(60)
    house.message("go")
    assert house.sent == ["old begins", "old ends", "new begins"]
    assert house.engine.lanes["slow"].former == {}


def test_a_run_that_waited_over_a_restart_ends_under_the_version_it_began_with() -> None:
    house = House()
    old, new = SLOW.replace("VERSION", "old"), SLOW.replace("VERSION", "new")
    house.load(old)
    house.message("go")
    house.restart(new, former=[old])
    house.pass_(60)
    assert house.sent == ["old begins", "old ends"]


def test_a_change_before_a_run_is_taken_up_does_not_matter_to_it() -> None:
    house = House()
    old = SLOW.replace("VERSION", "old")
    house.load(old)
    house.message("go")
    house.restart(old)
    house.restart(old)  # the last life did not get far: this one takes its time
    house.load(SLOW.replace("VERSION", "new"))
    house.pass_(60)
    assert house.sent == ["old begins", "old ends"]


def test_a_run_of_a_pipeline_that_is_gone_ends_all_the_same_also_after_a_restart() -> None:
    house = House()
    old = SLOW.replace("VERSION", "old")
    house.load(old)
    house.message("go")
    house.load()
    house.message("go")
    assert house.engine.versions_waiting() == {("slow", house.plans(old)[0].version)}
    house.restart(former=[old])
    house.pass_(60)
    assert house.sent == ["old begins", "old ends"]


def test_a_pipeline_that_comes_back_still_knows_the_run_under_way() -> None:
    house = House()
    text = SLOW.replace("VERSION", "one")
    house.load(text)
    house.message("go")
    house.load()
    house.load(text)
    house.message("go")
    house.pass_(60)
    assert house.sent == ["one begins", "one ends"]


def test_queued_runs_are_kept_and_begin_under_the_new_version() -> None:
    house = House()
    old = SLOW.replace("id: slow", "id: slow\nmode: queued").replace("VERSION", "old")
    new = old.replace("old", "{{ word }}").replace("steps:", "variables: {word: new}\nsteps:")
    house.load(old)
    house.message("go")
    house.message("go")
    house.load(new)
    house.pass_(120)
    assert house.sent == ["old begins", "old ends", "new begins", "new ends"]


def test_runs_that_waited_their_turn_are_recorded_as_cancelled_when_the_pipeline_is_removed() -> (
    None
):
    house = House()
    house.load(SLOW.replace("id: slow", "id: slow\nmode: queued"))
    house.message("go")
    house.message("go")
    house.load()
    states = sorted(record.state for record in house.recorder.runs.values())
    assert states == ["cancelled", "waiting"]


def test_a_time_that_is_due_while_a_pipeline_is_changed_counts_once() -> None:
    house = House()
    house.load(DAILY.replace("VERSION", "old").replace("MISSED", "skip"))
    house.clock._now = START + 1800  # due, and nobody has looked yet
    house.load(DAILY.replace("VERSION", "new").replace("MISSED", "skip"))
    house.pass_(1)
    house.load(DAILY.replace("VERSION", "newer").replace("MISSED", "run"))
    house.pass_(1)
    assert house.sent == ["new"]


def test_a_pipeline_added_to_a_running_agent_has_missed_nothing() -> None:
    house = House()
    house.load(WARM)
    house.pass_(3600)
    house.load(WARM, DAILY.replace("MISSED", "run").replace("VERSION", "late"))
    house.pass_(1)
    assert house.sent == []


def test_a_throttle_holds_over_a_change_of_the_steps() -> None:
    house = House()
    text = """
id: calm
triggers:
  - mqtt: {topic: go}
    throttle: 1m
steps:
  - publish: {topic: out, payload: one}
"""
    house.load(text)
    house.message("go")
    house.load(text.replace("one", "two"))
    house.message("go")
    house.pass_(60)
    house.message("go")
    assert house.sent == ["one", "two"]


def test_switching_off_in_the_file_wins_over_what_was_switched_before() -> None:
    house = House()
    house.load(WARM)
    house.engine.enable("warm", True)
    house.load(WARM.replace("id: warm", "id: warm\nenabled: false"))
    assert not house.engine.lanes["warm"].enabled


def test_a_window_goes_on_over_a_change_of_the_steps() -> None:
    house = House()
    text = """
id: counted
triggers:
  - window: {of: {topic: go}, size: 10s, aggregate: {n: count()}}
steps:
  - publish: {topic: out, payload: "{{ trigger.n }} SAID"}
"""
    house.load(text.replace("SAID", "old"))
    house.message("go", 1)
    house.message("go", 2)
    house.load(text.replace("SAID", "new"))
    house.message("go", 3)
    house.pass_(30)
    assert house.sent == ["3 new"]
