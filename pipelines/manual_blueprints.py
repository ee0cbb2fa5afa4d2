"""The manual's page on blueprints: how one is written and used, and the shipped ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pipelines.blueprint import SHIPPED, Blueprints, Sheet
from pipelines.manual_expressions import NOTE
from pipelines.source import Reader
from schemas.pipeline import Input

_OPENING = """A blueprint is a pipeline with inputs to be filled in. Those of the home lie in
`blueprints/`; the ones below are shipped and can be used as they are. A file of `pipelines/` uses
one in place of triggers and steps:

```yaml
id: hall-light
use_blueprint:
  path: motion-light.yaml
  inputs:
    motion: [hall_pir, stairs_pir]
    light: hall
    wait: 5m
```

Beside it may stand what a pipeline has besides: `enabled`, `mode`, `labels`, `variables`,
`conditions`, `errors`, `tests`, … They win over the blueprint's; labels and variables are joined,
and conditions must hold as well as its own. `hearth check` tells of wrong inputs where they are
given, and of a blueprint's mistakes in its own file.

## Writing one

```yaml
# blueprints/greeting.yaml
description: Says something when a door opens.
inputs:
  door: {type: device, description: The contact of the door.}
  text: {type: text, default: Hello!}
  lamp: {type: device, required: false}
  more: {type: steps, default: []}
triggers:
  - reading: {device: !input door, property: contact, to: false}
steps:
  - notify: {to: me, message: "{{ inputs.text }} ({{ trigger.device }})"}
  - device: {device: !input lamp, set: {state: on}}
  - !input more
tests:
  - name: it says hello
    inputs: {door: front, text: Hi}
    script:
      - publish: {topic: zigbee2mqtt/front, payload: {contact: true}}
      - publish: {topic: zigbee2mqtt/front, payload: {contact: false}}
      - expect: {notify: me, message: Hi (front)}
```

- `!input NAME` stands in place of any value; in an expression it is `{{ inputs.NAME }}`.
- An input must be given unless it has a `default`, or `required: false`. One with `multiple: true`
  takes a list, a `device` one then also `{label: k=v}` and `{area: name}`. Inputs of the types
  `triggers`, `conditions` and `steps` take some of these.
- Where an input has no value the key is left out, as if it were not written, and in expressions it
  is none. A trigger, condition or step that cannot be without the key is left out as a whole:
  above, nothing is switched on without a `lamp`. A list in the place of an item becomes part of
  the list around it.
- A test of a blueprint gives its `inputs`."""


def blueprints_page() -> str:
    """The page."""
    parts = ["# Blueprints", NOTE, _OPENING, "## Shipped blueprints"]
    for name, sheet in shipped():
        parts += [f"### `{name}`", str(sheet.tree["description"]), _inputs(sheet)]
    return "\n\n".join(parts) + "\n"


def shipped() -> Iterator[tuple[str, Sheet]]:
    """The shipped blueprints by file name."""
    blueprints = Blueprints(Reader())
    for path in sorted(SHIPPED.glob("*.yaml")):
        sheet, problems = blueprints.sheet(path)
        if sheet is None:
            raise ValueError("\n".join(map(str, problems)))
        yield path.name, sheet


def _inputs(sheet: Sheet) -> str:
    rows = [
        f"| `{name}` | {_takes(spec)} | {_default(name, spec, sheet.needed)} | {spec.description} |"
        for name, spec in sheet.inputs.items()
    ]
    return "\n".join(["| input | takes | default | |", "|---|---|---|---|", *rows])


def _takes(spec: Input) -> str:
    words: Mapping[str, str] = {"text": "text", "integer": "whole number", "boolean": "true, false"}
    kind = ", ".join(map(str, spec.options)) or words.get(spec.type, spec.type)
    return f"{kind}, or a list" if spec.multiple else kind


def _default(name: str, spec: Input, needed: frozenset[str]) -> str:
    if name in needed:
        return "needed"
    return "" if spec.default in (None, []) else f"`{spec.default}`"
