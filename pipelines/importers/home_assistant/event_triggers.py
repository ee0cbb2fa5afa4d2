"""Triggers that something happened: messages, events, calls, buttons, starts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import nodes

from pipelines.importers.home_assistant.files import Tagged
from pipelines.importers.home_assistant.page import Page
from pipelines.importers.home_assistant.unsupported import Unsupported
from pipelines.importers.home_assistant.values import is_template, items, name_of
from pipelines.tree import Map

Made = list[dict[str, Any]]
_HOOK = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
# the events of buttons: the keys that may name the device, and the one that says what was done
_BUTTONS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "zha_event": (("device_ieee", "device_id", "unique_id"), ("command",)),
    "deconz_event": (("id", "device_id", "unique_id"), ("event", "gesture")),
    "hue_event": (("id", "device_id", "unique_id"), ("type", "event", "subtype")),
    "xiaomi_aqara.click": (("entity_id",), ("click_type",)),
    "shelly.click": (("device", "device_id"), ("click_type",)),
    "zwave_js_value_notification": (("node_id", "device_id"), ("value", "value_raw")),
    "lutron_caseta_button_event": (("serial", "device_id"), ("action",)),
    "bthome_ble_event": (("device_id",), ("event_type",)),
}
_MESSAGE = nodes.Getattr(nodes.Name("trigger", "load"), "payload", "load")
_STARTED = {"homeassistant_start", "homeassistant_started", "automation_reloaded"}


def _mqtt(tree: Map, page: Page) -> Made:
    """`mqtt`: a message; what a `value_template` gives is compared in `if`."""
    fields: dict[str, Any] = {"topic": page.value(tree.get("topic"))}
    payload, template = tree.get("payload"), tree.get("value_template")
    if payload is not None and not template:
        fields["payload"] = page.value(str(payload))
    if tree.get("qos"):
        fields["qos"] = int(tree["qos"])
    made = {"mqtt": fields if len(fields) > 1 else fields["topic"]}
    if payload is not None and template:
        names = page.view.names
        page.view.names = {**names, "value": _MESSAGE, "value_json": _MESSAGE}
        value = page.inner(str(template))
        page.view.names = names
        made["if"] = f"{{{{ {value} | string == {page.inner(str(payload))} }}}}"
    return [made]


def _event(tree: Map, page: Page) -> Made:
    """`event`: an internal event, or the button, start or timer that is behind it."""
    made: Made = []
    for name in items(tree.get("event_type")):
        if is_template(name) or not isinstance(name, str):
            raise Unsupported("the name of an event must be a plain text")
        data = tree.get("event_data") or {}
        if not isinstance(data, Mapping):
            raise Unsupported("the data of an event must be a mapping")
        made.append(_named_event(name, data, page))
    if not made:
        raise Unsupported("no event is named")
    return made


def _named_event(name: str, data: Mapping[str, Any], page: Page) -> dict[str, Any]:
    if name in _STARTED:
        return {"startup": {}}
    if name in _BUTTONS and (button := _button(name, data, page)):
        return button
    if name.startswith("timer."):
        page.house.timers |= {str(each) for each in items(data.get("entity_id"))}
    if name == "homeassistant_stop":
        raise Unsupported("nothing runs any more when the agent stops")
    if not data:
        return {"event": name}
    return {"event": {"name": name, "payload": page.value(dict(data))}}


def _button(name: str, data: Mapping[str, Any], page: Page) -> dict[str, Any] | None:
    """The action of a button; None where the event names no button."""
    keys, actions = _BUTTONS[name]
    device = next((data[key] for key in keys if key in data), None)
    if device is None or isinstance(device, list | Mapping):
        return None
    action = next((data[key] for key in actions if key in data), None)
    text = str(device)
    guessed = text.partition(".")[2] or name_of(text, "_")
    fields: dict[str, Any] = {
        "device": page.house.named("devices", text, guessed), "property": "action",
    }  # fmt: skip
    if action is not None:
        fields["to"] = page.value(action)
    return {"reading": fields}


def _homeassistant(tree: Map, page: Page) -> Made:
    if tree.get("event") != "start":
        raise Unsupported("nothing runs any more when the agent stops")
    return [{"startup": {}}]


def _webhook(tree: Map, page: Page) -> Made:
    name = tree.get("webhook_id")
    if not isinstance(name, Tagged) and not _HOOK.fullmatch(str(name)):
        raise Unsupported(f"`{name}` cannot be part of an address: give the hook a name")
    methods = [str(each).upper() for each in items(tree.get("allowed_methods"))] or ["POST"]
    known = [method for method in methods if method in ("POST", "PUT", "GET")]
    if not known:
        raise Unsupported("hooks answer to POST, PUT and GET")
    return [{"webhook": name if m == "POST" else {"name": name, "method": m}} for m in known]


def _tag(tree: Map, page: Page) -> Made:
    made = []
    for tag in items(tree.get("tag_id")):
        payload = {"tag_id": tag}
        if tree.get("device_id"):
            payload["device_id"] = tree["device_id"]
        made.append({"event": {"name": "tag_scanned", "payload": payload}})
    return made


def _conversation(tree: Map, page: Page) -> Made:
    """`conversation`: sentences that somebody says or writes; they are written alike here."""
    sentences = [str(each) for each in items(tree.get("command"))]
    if not sentences:
        raise Unsupported("no sentence is given")
    return [{"message": {"text": sentences[0] if len(sentences) == 1 else sentences}}]


EVENTS: Mapping[str, Callable[[Map, Page], Made]] = {
    "mqtt": _mqtt, "event": _event, "homeassistant": _homeassistant, "webhook": _webhook,
    "tag": _tag, "conversation": _conversation,
}  # fmt: skip
