"""The reference page on the tests of pipelines."""

from collections.abc import Callable, Mapping

from msgspec import Struct

from pipelines.manual_expressions import NOTE
from schemas.message import Said
from schemas.rehearsal import (
    Absence,
    EmittedEvent,
    Given,
    GivenDevice,
    GivenHome,
    GivenReading,
    HookCall,
    HttpStub,
    NotifyStub,
    PipelineTest,
    Report,
    RunByHand,
    ScriptStep,
    SentMessage,
    SqlStub,
    Stub,
)

_OPENING = """\
A pipeline carries its tests in the same file. `hearth test` plays them on a clock that stands
still until the script lets time pass: an hour takes a millisecond, nothing is sent, no broker is
needed.

```yaml
id: hall-light
description: Motion in the dark turns on the hall light for two minutes.
mode: restart
triggers:
  - reading: {device: hall_pir, property: occupancy, to: true}
conditions:
  - reading: {device: hall_lux, property: illuminance, below: 50}
steps:
  - device: {device: hall_lamp, set: {state: on}}
  - delay: 2m
  - device: {device: hall_lamp, set: {state: off}}

tests:
  - name: motion in the dark
    given: {readings: [{device: hall_lux, property: illuminance, value: 10}]}
    script:
      - publish: {topic: zigbee2mqtt/hall_pir, payload: {occupancy: true}}
      - expect: {device: hall_lamp, set: {state: on}}
      - advance: 1m
      - restart
      - expect: nothing
      - advance: 1m
      - expect: {device: hall_lamp, set: {state: off}}
  - name: by day nothing happens
    given: {readings: [{device: hall_lux, property: illuminance, value: 400}]}
    script:
      - publish: {topic: zigbee2mqtt/hall_pir, payload: {occupancy: true}}
      - expect: nothing
```

```console
$ hearth test                     # every pipeline and blueprint of the home
$ hearth test pipelines/hall.yaml -k dark
$ hearth test --coverage          # and what no test has tried
$ hearth test --junit report.xml  # for a build server
```

A test begins with nothing but what it says under `given`: its own ledger, its own clock. All
pipelines of the file take part, and those that they run; they are switched on, also where
`enabled: false` stands. `hearth test` exits 1 when a test failed, when a file has problems, and
when there is no test at all."""

_GIVEN = """\
`readings` were reported before the test begins, so that they are known and fire nothing.
Devices are those of the home's `devices.yaml`, with `devices` laid over them; a device that
only a message or a reading names is there all the same. One whose firmware nothing tells is a
Zigbee2MQTT device.

A device does what it is told and reports it at once: a lamp that is switched on says so,
`verify` succeeds, and triggers that watch the lamp see it. One that the test names under
`devices` can do only what its firmware's profile allows (and only `can`, where it is given);
`answers: false` makes it deaf: it neither acts nor reports, and `verify` fails in its time. So
does a device that is not available."""

_SCRIPT = """\
The steps are played in order, each when all that the one before has caused is over. Time stands
still but for `advance`, `at`, `restart` and `offline`.

- `publish` goes through the firmware profiles and the device registry as in a home: what they
  do not read, the pipelines do not see as a reading. Messages that pipelines send come back
  where somebody listens to their topic.
- `report` is a reading without a message, for a test that does not care how the device speaks.
- `restart` stops the agent as Ctrl-C does and starts a new one, which knows what stands in the
  ledger and nothing else. Messages that come meanwhile wait at the broker if they and the
  subscription are of QoS 1 (those of firmwares are, a `mqtt` trigger may say `qos: 1`), others
  are lost; what fell due follows `missed`.
- `offline` takes the broker away: the pipelines go on, what they send waits and leaves in order
  when it is back, as do the messages for them. These count as old as the outage was long, for
  `stale_after`. Devices do what they were told when the message reaches them.
- Both take what happens in their time:

  ```yaml
  - offline:
      for: 10m
      meanwhile:
        - advance: 2m
        - publish: {topic: zigbee2mqtt/hall_pir, payload: {occupancy: true}}
  ```"""

_EXPECT = """\
`expect` names the effects since the last `expect` (or since the beginning), in any order.
`nothing` says that there were none. An effect that nobody expected fails the test, at the next
`expect` or at the end. Runs that ended and values that were remembered need not be expected,
but may be.

An effect is its kind with its target (`device: hall_lamp`), and beside it what else is to be
compared; what is left out may be anything. Values are compared as JSON: `1` is `1.0`, and not
`true`. A payload is compared as it goes over the wire. It may also stand as one mapping:
`expect: {publish: {topic: a, payload: 1}}`.

| effect | target | may be compared |
|---|---|---|
"""

_STUB = """\
The world outside answers as `stub` says. A request that no stub answers fails its step, as if
nobody were there. A query that none answers is asked of the test's own history, in a real
ledger."""

_RUNNING = """\
Every failed test shows what was expected beside what happened, the nearest first, and what ran
step by step. `--json` prints the same as data.

`--coverage` lists for each pipeline the ways that no test has gone: triggers that never started
a run, conditions that always (or never) held, branches not taken, `repeat` without a round or
with one alone, waits that never ended in one of their ways, and steps whose `on_error`, or
whose pipeline's `errors`, were never needed.

`--ledger` plays everything on a real ledger on disk, as an agent has it. It is slower and says
the same; it is how this project tests its own rehearsal. A test may take 20 seconds of real
time and 200,000 deadlines, 5,000 of them at one moment; one that takes more is broken off and
has failed."""


def tests_page(table: Callable[[type[Struct]], str], effects: str) -> str:
    """The page; `table` makes the table of a struct, `effects` are the rows of the kinds."""
    parts = ["# Tests", NOTE, _OPENING, "## A test", table(PipelineTest)]
    for title, text, struct, inner in (
        ("`given`", _GIVEN, Given, _IN_GIVEN),
        ("`script`", _SCRIPT, ScriptStep, _IN_SCRIPT),
    ):
        parts += [f"## {title}", text, table(struct), *_sections(inner, table)]
    parts += ["## `expect`", _EXPECT + effects]
    parts += ["## `stub`", _STUB, table(Stub), *_sections(_IN_STUB, table)]
    return "\n\n".join([*parts, "## Running them", _RUNNING]) + "\n"


def _sections(
    structs: Mapping[str, type[Struct]], table: Callable[[type[Struct]], str]
) -> list[str]:
    return [text for name, struct in structs.items() for text in (f"### `{name}`", table(struct))]


_IN_GIVEN: dict[str, type[Struct]] = {
    "readings": GivenReading,
    "devices": GivenDevice,
    "home": GivenHome,
}
_IN_SCRIPT: dict[str, type[Struct]] = {
    "publish": SentMessage,
    "report": Report,
    "emit": EmittedEvent,
    "webhook": HookCall,
    "message": Said,
    "run": RunByHand,
    "restart` and `offline": Absence,
}
_IN_STUB: dict[str, type[Struct]] = {"http": HttpStub, "notify": NotifyStub, "sql": SqlStub}
