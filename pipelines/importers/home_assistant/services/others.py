"""Services of scripts, scenes, MQTT and the web, and those that are for any entity."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import structs

from pipelines.importers.home_assistant.entities import Known
from pipelines.importers.home_assistant.page import Page, remembered_name
from pipelines.importers.home_assistant.services.call import Call, Service, Steps, expanded
from pipelines.importers.home_assistant.services.telling import state, toggle
from pipelines.importers.home_assistant.unsupported import Unsupported
from pipelines.importers.home_assistant.values import is_template, plain_number, truth

_GENERIC = frozenset({"group", "homeassistant"})
Find = Callable[[str], Service | None]
"""The service of a name, None when there is none."""


def _publish(call: Call) -> Steps:
    topic = call.data.get("topic", call.data.get("topic_template"))
    if topic is None:
        raise Unsupported("there is no topic")
    fields: dict[str, Any] = {"topic": call.page.value(topic)}
    payload = call.data.get("payload", call.data.get("payload_template"))
    if payload not in (None, ""):
        fields["payload"] = _payload(call.page.value(payload))
    if call.data.get("qos"):
        fields["qos"] = plain_number(call.data["qos"])
    if truth(call.data.get("retain"), False):
        fields["retain"] = True
    return [{"publish": fields}]


def _payload(value: Any) -> Any:
    """A payload; a text that is a JSON object is written as the mapping it stands for."""
    if not isinstance(value, str) or is_template(value) or not value.lstrip().startswith("{"):
        return value if not isinstance(value, bool) else str(value)
    try:
        return json.loads(value)
    except ValueError:
        return value


def _script(call: Call) -> Steps:
    """`script.NAME`: a run of the script's pipeline, which is waited for."""
    return [_run(call.page, call.page.house.known(f"script.{call.verb}"), call.data, wait=True)]


def _script_on(call: Call) -> Steps:
    """`script.turn_on`: the same, not waited for."""
    given = call.data.get("variables") or {}
    if not isinstance(given, Mapping) or not (call.entities or call.selectors):
        raise Unsupported("the script is not named")
    steps: Steps = [_run(call.page, known, given, wait=False) for known in call.entities]
    for selector in call.selectors:  # the name of a script, its pipeline's with other dashes
        name = f"{{{{ {call.page.ours(selector)} | replace('_', '-') }}}}"
        steps.append(_run_of(call.page, name, given, wait=False))
    return steps


def _run(page: Page, known: Known, data: Mapping[str, Any], *, wait: bool) -> dict[str, Any]:
    if known.target.pipeline is None:
        raise Unsupported(f"`{known.id}` is no pipeline here")
    return _run_of(page, known.target.pipeline, data, wait=wait)


def _run_of(page: Page, name: str, data: Mapping[str, Any], *, wait: bool) -> dict[str, Any]:
    fields: dict[str, Any] = {"pipeline": name}
    if data:
        fields["inputs"] = {remembered_name(key): page.value(v) for key, v in data.items()}
    if not wait:
        fields["wait"] = False
    return {"run": fields if len(fields) > 1 else fields["pipeline"]}


def _script_off(call: Call) -> Steps:
    raise Unsupported("a pipeline cannot end the runs of another: give that one `mode: restart`")


def _scene_on(call: Call) -> Steps:
    """`scene.turn_on`: the pipeline of a scene among the files, else one that was saved."""
    steps: Steps = []
    for known in call.entities:
        pipeline = call.page.house.scenes.get(known.id)
        steps.append({"run": pipeline} if pipeline else {"scene": {"restore": known.name}})
    steps += [{"scene": {"restore": selector}} for selector in call.selectors]
    if not steps:
        raise Unsupported("no scene is named")
    return steps


def _scene_create(call: Call) -> Steps:
    entities = call.data.get("snapshot_entities")
    if entities is None:
        raise Unsupported("a scene that is made of values, not of what devices report")
    devices = [
        str(known.target.device)
        for known in expanded(call.page.entities(entities), call.page)
        if known.target.is_device()
    ]
    if not devices:
        raise Unsupported("no device is named whose state is to be kept")
    name = call.value("scene_id")
    return [{"scene": {"save": name, "devices": list(dict.fromkeys(devices))}}]


def _rest(call: Call) -> Steps:
    """`rest_command.NAME`: the request that the files define."""
    command = call.page.house.contents.helpers.get(call.name)
    if not command or "url" not in command:
        raise Unsupported(f"`{call.name}` is not among the files: add its step to the table")
    names = {remembered_name(key) for key in call.data}
    page = call.page
    before, page.names = page.names, page.names | names
    try:
        fields = _request(command, page)
    finally:
        page.names = before
    steps: Steps = [{"set": {remembered_name(k): page.value(v) for k, v in call.data.items()}}]
    return [*(steps if names else []), {"http": fields}]


def _request(command: Mapping[str, Any], page: Page) -> dict[str, Any]:
    fields: dict[str, Any] = {"url": page.value(command["url"])}
    method = str(command.get("method", "get")).upper()
    fields["method"] = method
    headers = dict(page.value(command.get("headers") or {}))
    if command.get("content_type"):
        headers["Content-Type"] = command["content_type"]
    if headers:
        fields["headers"] = headers
    if command.get("payload") is not None:
        fields["body"] = page.value(command["payload"])
    return fields


def any_entity(find: Find) -> Mapping[str, Service]:
    """Services for entities of any domain: each is told in the way of its own."""

    def for_all(verb: str, otherwise: Service) -> Service:
        def service(call: Call) -> Steps:
            steps: Steps = []
            for domain, entities in _by_domain(expanded(call.entities, call.page)).items():
                one = structs.replace(
                    call, domain=domain, verb=verb, entities=entities, selectors=()
                )
                own = None if domain in _GENERIC else find(f"{domain}.{verb}")
                steps += (own or otherwise)(one)
            if call.selectors:
                steps += otherwise(structs.replace(call, entities=()))
            if not steps:
                raise Unsupported("no entity is named")
            return steps

        return service

    return {
        "turn_on": for_all("turn_on", state("on")), "turn_off": for_all("turn_off", state("off")),
        "toggle": for_all("toggle", toggle),
    }  # fmt: skip


def _by_domain(entities: Sequence[Known]) -> dict[str, list[Known]]:
    domains: dict[str, list[Known]] = {}
    for known in entities:
        domains.setdefault(known.domain, []).append(known)
    return domains


def scene_steps(entities: Mapping[str, Any], page: Page, find: Find) -> Steps:
    """The steps that set what a scene says, entity by entity."""
    steps: Steps = []
    for entity, wanted in entities.items():
        known = page.entities(entity)[0]
        data = dict(wanted) if isinstance(wanted, Mapping) else {"state": wanted}
        word = data.pop("state", "on")
        word = ("on" if word else "off") if isinstance(word, bool) else str(word)
        verb = _SCENE_VERBS.get(word, word)
        call = Call(known.domain, verb, _settable(data), [known], (), page)
        service = find(call.name) or state(word)
        steps += service(call if word == "on" else structs.replace(call, data={}))
    return steps


_SCENE_VERBS = {
    "on": "turn_on", "off": "turn_off", "open": "open_cover", "closed": "close_cover",
    "locked": "lock", "unlocked": "unlock",
}  # fmt: skip
_SETTABLE = frozenset(
    {"brightness", "color_temp", "color_temp_kelvin", "rgb_color", "xy_color", "hs_color"}
    | {"effect", "percentage", "preset_mode"}
)


def _settable(data: Mapping[str, Any]) -> dict[str, Any]:
    """What a scene sets; the rest only describes. One colour is enough."""
    kept = {key: value for key, value in data.items() if key in _SETTABLE and value is not None}
    colors = [key for key in ("color_temp_kelvin", "color_temp", "hs_color", "rgb_color",
                              "xy_color") if key in kept]  # fmt: skip
    return {key: value for key, value in kept.items() if key not in colors[1:]}


def _scene_apply(find: Find) -> Service:
    def apply(call: Call) -> Steps:
        entities = call.data.get("entities")
        if not isinstance(entities, Mapping):
            raise Unsupported("no entities are given")
        return scene_steps(entities, call.page, find)

    return apply


def others(find: Find) -> Mapping[str, Service]:
    """All of them; `find` finds the service of an entity's own domain."""
    generic = any_entity(find)
    return {
        "mqtt.publish": _publish, "script.turn_on": _script_on, "script.turn_off": _script_off,
        "script.toggle": _script_on, "script.*": _script, "scene.turn_on": _scene_on,
        "scene.create": _scene_create, "scene.apply": _scene_apply(find),
        "rest_command.*": _rest,
        **{f"homeassistant.{verb}": service for verb, service in generic.items()},
        **{f"group.{verb}": service for verb, service in generic.items()},
    }  # fmt: skip
