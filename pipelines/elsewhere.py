"""Words of other systems, and what is written for them here."""

from collections.abc import Mapping

_READING = "write `reading(device, property)`"

FUNCTIONS: Mapping[str, str] = {
    "states": _READING, "state_attr": _READING, "is_state": f"{_READING} == …",
    "is_state_attr": f"{_READING} == …",
    "has_value": "write `reading(…) is defined` or `available(device)`",
    "this": "write `run`", "trigger_id": "write `trigger.id`", "wait": "give the step an `id`",
    "area_devices": "write `devices(area=…)`", "label_devices": "write `devices(label=…)`",
    "value_json": "write `trigger.payload`", "payload": "write `trigger.payload`",
    "topic": "write `trigger.topic`", "value": "write `trigger.value`",
}  # fmt: skip
"""Names in expressions."""

KEYS: Mapping[str, Mapping[str, str]] = {
    "pipeline": {
        "trigger": "write `triggers`", "condition": "write `conditions`", "action": "write `steps`",
        "actions": "write `steps`", "sequence": "write `steps`", "alias": "write `description`",
        "initial_state": "write `enabled`", "trace": "every run is recorded as it is",
    },
    "trigger": {
        "platform": "the kind is the key: `- reading: {…}`",
        "trigger": "the kind is the key: `- reading: {…}`",
        "state": "write `reading: {device, property, to}`",
        "numeric_state": "write `reading: {device, property, above, below}`",
        "time": "write `at: \"07:30\"`", "time_pattern": "write `every: 10m` or `cron`",
        "homeassistant": "write `startup`", "device": "write `reading: {device, property}`",
    },
    "condition": {
        "condition": "the kind is the key: `- time: {…}`",
        "and": "write `all`", "or": "write `any`",
        "state": "write `reading: {device, property, is}`",
        "numeric_state": "write `reading: {device, property, above, below}`",
        "trigger": "write `\"{{ trigger.id == '…' }}\"`",
    },
    "step": {
        "service": "write `device: {device, set}`", "action": "write `device: {device, set}`",
        "scene": "write `scene: {restore: NAME}`", "event": "write `emit`",
        "wait_template": "write `wait_for: {triggers: [template: …]}`",
        "wait_for_trigger": "write `wait_for: {triggers: […]}`", "variables": "write `set`",
        "if": "write `choose: {branches: [{if, steps}], otherwise}`",
        "sequence": "write the steps one after another", "mqtt": "write `publish`",
    },
}  # fmt: skip
"""Keys of documents and names of components."""
