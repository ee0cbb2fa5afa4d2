"""JSON Schema of pipelines and settings, made from the structs and the registered components."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from pipelines.component import Component
from pipelines.decode import fields_of
from pipelines.entry import CONDITION, STEP, TRIGGER, Kind
from schemas.pipeline import Pipeline
from schemas.profile import Profile
from schemas.rehearsal import PipelineTest
from schemas.settings import Settings

Schema = dict[str, Any]
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_NUMBER, _CLOCK = r"\d+(\.\d+)?", r"\d+:[0-5]\d(:[0-5]\d(\.\d+)?)?"
_UNITS = ("days", "hours", "minutes", "seconds", "milliseconds")
_DURATION: Schema = {
    "description": "500ms, 30s, 5m, 1h30m, 00:05:00, or a mapping; never a bare number.",
    "anyOf": [
        {
            "type": "string",
            "pattern": rf"^(\s*({_NUMBER}(d|h|m|s|ms))+\s*|{_CLOCK}|.*\{{\{{.*)$",
        },
        {
            "type": "object",
            "properties": {unit: {"type": "number"} for unit in _UNITS},
            "additionalProperties": False,
            "minProperties": 1,
        },
    ],
}
_CONDITIONS: Schema = {
    "anyOf": [
        {"type": "null"},
        {"$ref": "#/$defs/condition"},
        {"type": "array", "items": {"$ref": "#/$defs/condition"}},
    ]
}


def pipeline_schema() -> Schema:
    """The schema of a file of `pipelines/`; the components must be loaded."""
    defs: dict[str, Schema] = {"duration": _DURATION, "conditions": _CONDITIONS}
    for kind in (TRIGGER, CONDITION, STEP):
        defs[kind.word] = _entry(kind, defs)
        defs.setdefault(f"{kind.word}s", _list(kind.word))
    defs["tests"] = {"type": "array", "items": _struct(PipelineTest, "test", defs)}
    defs["condition"] = {"anyOf": [{"type": "string", "pattern": r"\{\{|\{%"}, defs["condition"]]}
    one = _struct(Pipeline, "pipeline", defs)
    return {
        "$schema": _DIALECT,
        "title": "hearthflow pipelines",
        "anyOf": [one, {"type": "array", "items": one}],
        "$defs": dict(sorted(defs.items())),
    }


def settings_schema() -> Schema:
    """The schema of `hearth.yaml`."""
    return _file("hearth.yaml", Settings)


def profile_schema() -> Schema:
    """The schema of a file of `profiles/`."""
    return _file("hearthflow firmware profile", Profile)


def _file(title: str, struct: type[Struct]) -> Schema:
    defs: dict[str, Schema] = {"duration": _DURATION}
    root = _struct(struct, struct.__name__.lower(), defs)
    return {
        "$schema": _DIALECT,
        "title": title,
        "anyOf": [root, {"type": "null"}],
        "$defs": dict(sorted(defs.items())),
    }


def _list(kind: str) -> Schema:
    return {"type": "array", "items": {"$ref": f"#/$defs/{kind}"}}


def _struct(struct: type[Struct], prefix: str, defs: dict[str, Schema]) -> Schema:
    """A reference to a struct's schema; it and all it holds become definitions."""
    template = f"#/$defs/{prefix}.{{name}}"
    (root,), components = msgspec.json.schema_components([struct], ref_template=template)
    for name, schema in components.items():
        defs[f"{prefix}.{name}"] = _tidy(schema)
    return root


def _tidy(schema: Any) -> Any:
    """The schema without our marks, durations by reference, texts on one line."""
    if isinstance(schema, list):
        return [_tidy(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    tidy = {key: _tidy(value) for key, value in schema.items() if key != "x-hearth"}
    if isinstance(tidy.get("description"), str):
        tidy["description"] = " ".join(tidy["description"].split())
    if schema.get("x-hearth") == "duration":
        told = {"description": tidy["description"]} if "description" in tidy else {}
        return {"$ref": "#/$defs/duration", **told}
    if schema.get("x-hearth") == "steps" and "anyOf" in tidy:
        steps = {"$ref": "#/$defs/steps"}
        tidy["anyOf"] = [steps if _is_array(part) else part for part in tidy["anyOf"]]
    return tidy


def _is_array(schema: Schema) -> bool:
    return schema.get("type") == "array"


def _entry(kind: Kind, defs: dict[str, Schema]) -> Schema:
    """An entry: exactly one component key, and the common ones."""
    registry = kind.registry
    common = _struct(kind.beside, f"{kind.word}s", defs)["$ref"].removeprefix("#/$defs/")
    properties = {
        name: _component(cls, f"{kind.word}.{name}", defs) for name, cls in sorted(registry.items())
    }
    entry = {
        "type": "object",
        "properties": {**properties, **defs.pop(common)["properties"]},
        "additionalProperties": False,
        "oneOf": [{"required": [name]} for name in sorted(registry)],
    }
    bare = [name for name, cls in sorted(registry.items()) if _may_be_bare(cls)]
    return {"anyOf": [entry, {"enum": bare}]} if bare else entry


def _component(cls: type[Component], prefix: str, defs: dict[str, Schema]) -> Schema:
    """What may stand under a component's key."""
    root = _struct(cls, prefix, defs)
    name = root["$ref"].removeprefix("#/$defs/")
    description = defs[name].get("description", "")
    if cls.whole:
        return {"description": description, **_inner(defs.pop(name)["properties"][cls.main])}
    forms = [root]
    if cls.main:
        forms.append(_inner(defs[name]["properties"][cls.main]))
    if _may_be_bare(cls):
        forms.append({"type": "null"})
    return {"description": description, "anyOf": forms} if len(forms) > 1 else root


def _inner(schema: Schema) -> Schema:
    """A field's schema where it stands for its whole component."""
    return {key: value for key, value in schema.items() if key not in ("description", "default")}


def _may_be_bare(cls: type[Component]) -> bool:
    return not cls.whole and not any(field.required for field in fields_of(cls).values())
