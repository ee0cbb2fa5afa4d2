"""The reference pages, made from docstrings, annotations and the first cases of components."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

import msgspec
from msgspec import Meta, Struct, UnsetType

from pipelines.annotations import choices, mark_of
from pipelines.component import Component
from pipelines.decode import Field, fields_of
from pipelines.manual_blueprints import blueprints_page
from pipelines.manual_expressions import NOTE, expressions_page
from pipelines.manual_tests import tests_page
from pipelines.registry import CONDITIONS, STEPS, TRIGGERS
from pipelines.rehearsal import EFFECTS
from schemas.pipeline import BesideStep, BesideTrigger, Input, Pipeline
from schemas.settings import DeviceSettings, Settings

_MARKS = {
    "duration": "duration", "devices": "devices", "conditions": "conditions", "steps": "steps",
    "triggers": "triggers", "tests": "tests", "expression": "text, may be an expression",
}  # fmt: skip
_PLAIN = {
    str: "text", int: "whole number", float: "number", bool: "true or false", Any: "any value",
}  # fmt: skip


_TAGS = """## Several files

A value may stand elsewhere; paths count from the file that names them, and stay in the home.

| in place of a value | stands for |
|---|---|
| `!secret NAME` | the text of that name in `secrets.yaml`; never shown |
| `!include FILE` | what stands in the file |
| `!include_dir_list DIR` | a list with what stands in each file, by path |
| `!include_dir_merge_list DIR` | the lists in all files, as one |
| `!include_dir_named DIR` | a mapping of the files' names to what stands in them |
| `!include_dir_merge_named DIR` | the mappings in all files, as one |

Folders count with the folders below them, without hidden files and `secrets.yaml`."""


class Example(NamedTuple):
    """A case shown in the manual."""

    title: str
    yaml: str


Examples = Callable[[str, str], Sequence[Example]]
"""The examples of a component by kind (`triggers`, `conditions`, `steps`) and name."""


class Page(NamedTuple):
    """What is said around the components of one kind."""

    title: str
    opening: str
    registry: Mapping[str, type[Component]]
    beside: type[Struct] | None


_PAGES = {
    "triggers": Page(
        "Triggers", "What starts a run. Each is a mapping with one of these keys.", TRIGGERS,
        BesideTrigger,
    ),
    "conditions": Page(
        "Conditions",
        "What must hold. A text with an expression is a condition too; in a list all must hold.",
        CONDITIONS, None,
    ),
    "steps": Page(
        "Steps", "What a run does. Each is a mapping with one of these keys.", STEPS, BesideStep
    ),
}  # fmt: skip


def pages(examples: Examples) -> dict[str, str]:
    """The pages of the manual by file name; the components must be loaded."""
    made = {f"{kind}.md": _page(kind, page, examples) for kind, page in _PAGES.items()}
    return {
        "pipelines.md": _pipelines(), **made, "expressions.md": expressions_page(),
        "settings.md": _settings(), "tests.md": tests_page(_flat_table, _effects()),
        "blueprints.md": blueprints_page(),
    }  # fmt: skip


def _page(kind: str, page: Page, examples: Examples) -> str:
    parts = [f"# {page.title}", NOTE, page.opening]
    if page.beside is not None:
        parts += [f"Beside each {kind[:-1]} may stand:", _table(page.beside)]
    for name, cls in sorted(page.registry.items()):
        parts += [f"## `{name}`", _prose(cls)]
        if fields_of(cls):
            parts += [_table(cls)]
        if cls.main:
            parts += [_main(name, cls)]
        for example in list(examples(kind, name))[:2]:
            parts += [f"{_sentence(example.title)}:", f"```yaml\n{example.yaml.rstrip()}\n```"]
    return "\n\n".join(parts) + "\n"


def _main(name: str, cls: type[Component]) -> str:
    if cls.whole:
        return f"What stands under `{name}:` is its `{cls.main}`."
    return f"`{name}: …` alone is short for `{name}: {{{cls.main}: …}}`."


def _pipelines() -> str:
    parts = ["# Pipelines", NOTE, "A file of `pipelines/` holds one of these, or a list of them."]
    parts += [_table(Pipeline), "## `inputs`", _prose(Input), _table(Input)]
    parts += [_TAGS]
    parts += ["See [triggers](triggers.md), [conditions](conditions.md), [steps](steps.md) and"]
    parts[-1] += (
        " [expressions](expressions.md), [blueprints](blueprints.md), and [tests](tests.md)."
    )
    return "\n\n".join(parts) + "\n"


def _settings() -> str:
    parts = ["# Settings", NOTE, "`hearth.yaml`, section by section."]
    parts += [
        "Every key can come from the environment: `HEARTH_MQTT__HOST` wins over `mqtt: host`."
    ]
    for name, field in fields_of(Settings).items():
        parts += [f"## `{name}`"]
        parts += [_prose(field.struct), _table(field.struct)] if field.struct else [_told(field)]
        if named := field.struct_of_values:
            parts += [_prose(named), _table(named)]
    parts += ["## `devices.yaml`", "A mapping of names to:", _table(DeviceSettings)]
    return "\n\n".join(parts) + "\n"


def _effects() -> str:
    return "\n".join(
        f"| `{kind}` | `{main}` | {', '.join(f'`{field}`' for field in fields)} |"
        for kind, (main, fields) in EFFECTS.items()
    )


def _prose(cls: type) -> str:
    return inspect.getdoc(cls) or ""


def _sentence(title: str) -> str:
    return title[:1].upper() + title[1:]


def _table(struct: type[Struct]) -> str:
    rows = [
        f"| `{name}` | {kind} | {default} | {text} |" for name, kind, default, text in _rows(struct)
    ]
    return "\n".join(["| key | takes | default | |", "|---|---|---|---|", *rows])


def _flat_table(struct: type[Struct]) -> str:
    """The same without what is inside the values: they have tables of their own."""
    rows = [
        f"| `{name}` | {'needed' if field.required else ''} | {_escaped(_told(field))} |"
        for name, field in fields_of(struct).items()
    ]
    return "\n".join(["| key | | |", "|---|---|---|", *rows])


def _rows(struct: type[Struct], prefix: str = "") -> Iterator[tuple[str, str, str, str]]:
    defaults = {field.encode_name: field for field in msgspec.structs.fields(struct)}
    for name, field in fields_of(struct).items():
        kind = _escaped(_words(field.type))
        default = "needed" if field.required else _default(defaults[name])
        yield f"{prefix}{name}", kind, default, _escaped(_told(field))
        inner = field.struct or _struct_in_list(field.type)
        if inner is not None:
            yield from _rows(inner, f"{prefix}{name}{'' if field.struct else '[]'}.")


def _default(field: msgspec.structs.FieldInfo) -> str:
    value = field.default
    if value in (None, "", msgspec.UNSET, msgspec.NODEFAULT):
        return ""
    return f"`{msgspec.json.encode(value).decode()}`"


def _told(field: Field) -> str:
    """The description of a field: the outermost one of its annotation, or its struct's."""
    described = next(_descriptions(field.type), "")
    return described or (_prose(field.struct).split("\n")[0] if field.struct else "")


def _descriptions(annotation: Any) -> Iterator[str]:
    metas = [part for part in get_args(annotation) if isinstance(part, Meta)]
    yield from (meta.description for meta in reversed(metas) if meta.description)
    for part in get_args(annotation):
        yield from _descriptions(part)


def _words(annotation: Any) -> str:
    """A type in the user's words."""
    if mark := mark_of(annotation):
        return (
            _MARKS[mark] if mark != "steps" or not choices(annotation) else "stop, continue, steps"
        )
    if get_origin(annotation) is Annotated:
        return _words(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        parts = [part for part in get_args(annotation) if part not in (type(None), UnsetType)]
        return " or ".join(dict.fromkeys(_words(part) for part in parts))
    if options := choices(annotation):
        return ", ".join(f"`{option}`" for option in options)
    if get_origin(annotation) is list:
        return f"list of {_words(get_args(annotation)[0])}"
    if get_origin(annotation) is dict:
        return f"mapping to {_words(get_args(annotation)[1])}"
    return _PLAIN.get(annotation, "mapping")


def _struct_in_list(annotation: Any) -> type[Struct] | None:
    if get_origin(annotation) is Annotated:
        return _struct_in_list(get_args(annotation)[0])
    if get_origin(annotation) is list and isinstance(item := get_args(annotation)[0], type):
        return item if issubclass(item, Struct) else None
    return None


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
