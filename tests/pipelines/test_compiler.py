"""Documents into Plans: what the engine finds in them."""

from pathlib import Path
from typing import Any

import pytest

from pipelines import nowhere
from pipelines.check import load_home
from pipelines.compiler import Compiler
from pipelines.limits import ExpressionError
from pipelines.plan import Block, Plan, Retry
from pipelines.ports import Home
from pipelines.scope import Constant
from pipelines.source import Reader
from schemas.problem import Position
from tests.pipelines.conftest import MakeHome
from tests.pipelines.scopes import scope


def plan(text: str) -> Plan:
    reader = Reader()
    tree = reader.parse(text, "pipelines/a.yaml")
    made, problems = Compiler(nowhere.ports(Home())).compile(
        tree, Position("pipelines/a.yaml", 1, 1), reader.texts
    )
    assert made is not None, "\n".join(str(problem) for problem in [*reader.problems, *problems])
    return made


def paths(block: Block) -> list[str]:
    return [step.path for step in block.steps]


def test_a_small_pipeline_has_the_defaults() -> None:
    made = plan("id: a")

    assert (made.id, made.file, made.mode, made.max, made.missed) == (
        "a", "pipelines/a.yaml", "single", 10, "skip",
    )  # fmt: skip
    assert made.enabled and not made.shadow and made.stale_after is None and made.priority == 0
    assert made.gates == () and made.steps == Block() and made.inputs({}) == {}


def test_everything_a_document_can_say_is_in_the_plan() -> None:
    made = plan("""
        id: a
        description: about
        enabled: false
        labels: {room: hall}
        mode: queued
        max: 3
        max_exceeded: silent
        missed: {within: 30m}
        stale_after: 5m
        path: flow
        priority: high
        shadow: true
        inputs: {limit: {type: number, default: 3}}
        variables: {one: "{{ inputs.limit }}", two: "{{ one + 1 }}", three: [1, "{{ two }}"]}
        tests: [{name: any}]
    """)

    assert (made.enabled, made.labels, made.mode, made.max, made.max_exceeded) == (
        False, {"room": "hall"}, "queued", 3, "silent",
    )  # fmt: skip
    assert (made.missed, made.stale_after, made.path, made.priority) == (1800, 300, "flow", 1)
    assert made.shadow and made.tests[0].name == "any" and made.description == "about"
    run = scope(inputs=made.inputs({"limit": "5"}), variables={})
    for name, expression in made.variables:
        run.variables[name] = expression(run)
    assert run.variables == {"one": 5.0, "two": 6.0, "three": [1, 6.0]}


def test_a_gate_holds_what_stands_beside_its_trigger() -> None:
    made = plan("""
        id: a
        triggers:
          - mqtt: a/b
          - id: warm
            mqtt: a/b
            if: "{{ trigger.value < 0 }}"
            debounce: 2s
            throttle: {period: 30s, by: "{{ trigger.device }}"}
            limit: {runs: 4, per: 1h}
            dedupe_by: "{{ trigger.id }}"
          - mqtt: {topic: a/b}
            throttle: 1m
    """)
    first, second, third = made.gates

    assert (first.id, first.index, first.kind, first.test, first.throttle) == (
        "0", 0, "mqtt", None, None,
    )  # fmt: skip
    assert (second.id, second.debounce, second.throttle, second.limit) == (
        "warm", 2.0, 30.0, (4, 3600.0),
    )  # fmt: skip
    assert second.test and second.test(scope()) is True
    assert second.throttle_by and second.throttle_by(scope()) == "freezer"
    assert second.dedupe_by and second.dedupe_by(scope()) == "warm"
    assert third.throttle == 60.0 and third.throttle_by is None


def test_a_step_has_its_id_or_its_place_as_path() -> None:
    made = plan("""
        id: a
        steps:
          - log: x
          - id: way
            choose:
              branches:
                - {if: "{{ true }}", steps: [{log: a}, {id: inner, log: b}]}
              otherwise: [{log: c}]
          - parallel:
              - [{log: d}, {log: e}]
              - {log: f}
            on_error: [{log: g}]
        errors: [{log: h}]
        finally: [{log: i}]
    """)

    assert paths(made.steps) == ["0", "way", "2"]
    assert paths(made.errors) == ["errors/0"] and paths(made.finally_) == ["finally/0"]
    assert made.paths == {
        "0", "way", "way/branches/0/steps/0", "inner", "way/otherwise/0", "2", "2/branches/0/0",
        "2/branches/0/1", "2/branches/1/0", "2/on_error/0", "errors/0", "finally/0",
    }  # fmt: skip
    assert isinstance(made.steps.steps[2].on_error, Block)


def test_a_step_holds_what_stands_beside_it() -> None:
    made = plan("""
        id: a
        steps:
          - log: x
            if: ["{{ inputs.name == 'freezer' }}", "{{ quiet }}"]
            timeout: 3s
            on_error: continue
            retry: {attempts: 6, delay: 5s, backoff: exponential, max_delay: 10m, jitter: true}
          - delay: 5m
        inputs: {name: {}}
        variables: {quiet: false}
    """)
    log, delay = made.steps.steps

    assert (log.kind, log.timeout, log.on_error, log.waits, delay.waits) == (
        "log", 3.0, "continue", False, True,
    )  # fmt: skip
    assert log.retry == Retry(6, 5.0, True, 600.0, True) and delay.retry is None
    assert log.test and log.test(scope()) is False


def test_variables_that_set_steps_write_are_known() -> None:
    plan("""
        id: a
        steps:
          - log: "{{ later is defined }}"
          - choose: {branches: [{if: "{{ true }}", steps: [{set: {later: 1}}]}]}
          - log: "{{ later + variables.later }}"
    """)


def test_a_step_may_be_named_before_it_stands() -> None:
    plan("""
        id: a
        steps: [{repeat: {count: 2, steps: [{log: "{{ steps.two.state }}"}, {id: two, log: x}]}}]
        errors: [{log: "{{ steps.two.error }} {{ error.message }}"}]
    """)


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("id: a\nsteps: [{log: x}]", "id: a # new\nsteps:\n  - log: 'x'\n", True),
        ("id: a\nsteps: [{log: x}]", "id: a\nsteps: [{log: y}]", False),
        ("id: a\nvariables: {a: 1, b: 2}", "id: a\nvariables: {b: 2, a: 1}", False),
    ],
)
def test_the_version_follows_what_a_pipeline_says(before: str, after: str, same: bool) -> None:
    assert (plan(before).version == plan(after).version) is same


def test_the_version_follows_included_files(make_home: MakeHome) -> None:
    home = make_home({"pipelines/a.yaml": "id: a\nsteps: !include ../s.yaml", "s.yaml": "[log: a]"})
    [before] = load_home(home).plans
    (home / "s.yaml").write_text("[log: b]")
    [after] = load_home(home).plans

    assert before.version != after.version


def test_a_list_of_pipelines_may_be_included(make_home: MakeHome) -> None:
    home = make_home(
        {
            "pipelines/all.yaml": "- !include ../more/two.yaml\n- id: three",
            "more/two.yaml": "- id: one\n- id: two\n",
        }
    )

    assert [made.id for made in load_home(home).plans] == ["one", "two", "three"]


def test_anchors_make_pipelines_from_pipelines() -> None:
    made = plan("""
        id: a
        steps:
          - publish: &message {topic: a, payload: 1, qos: 1}
          - publish: {<<: *message, topic: b}
    """)

    assert paths(made.steps) == ["0", "1"]


def test_a_secret_is_not_read_as_an_expression(make_home: MakeHome) -> None:
    home = make_home(
        {
            "secrets.yaml": 'key: "{{ 1 / 0 }}"',
            "pipelines/a.yaml": "id: a\nvariables: {key: !secret key, in: [!secret key]}",
        }
    )
    loaded = load_home(home)
    values: dict[str, Any] = {name: made(scope()) for name, made in loaded.plans[0].variables}

    assert values == {"key": "{{ 1 / 0 }}", "in": ["{{ 1 / 0 }}"]}
    assert type(values["key"]) is str and loaded.secrets == {"{{ 1 / 0 }}"}


def test_constants_are_known_as_such() -> None:
    made = plan("""
        id: a
        variables: {a: {b: [1, "x"]}, c: "{{ 1 + 1 }}", d: {e: "{{ now() }}"}}
    """)

    assert [isinstance(value, Constant) for _, value in made.variables] == [True, True, False]


def test_an_expression_fails_only_when_it_is_needed() -> None:
    made = plan('id: a\nvariables: {x: "{{ trigger.nothing }}"}')

    with pytest.raises(ExpressionError):
        made.variables[0][1](scope())


def test_the_time_zone_is_that_of_the_home(make_home: MakeHome) -> None:
    home = make_home(
        {
            "hearth.yaml": "agent: {time_zone: Europe/Berlin}",
            "pipelines/a.yaml": 'id: a\nvariables: {hour: "{{ now().hour }}"}',
        }
    )
    [made] = load_home(home).plans

    assert made.variables[0][1](scope()) == 1  # the epoch, an hour east of Greenwich


def test_a_hundred_files_are_compiled_apart(tmp_path: Path) -> None:
    (tmp_path / "pipelines").mkdir()
    for number in range(100):
        (tmp_path / f"pipelines/p{number:03}.yaml").write_text(
            f"id: p{number}\ntriggers: [{{mqtt: a/{number}}}]\nsteps: [{{log: x}}]\n"
        )

    loaded = load_home(tmp_path)

    assert len(loaded.plans) == 100 and not loaded.problems
