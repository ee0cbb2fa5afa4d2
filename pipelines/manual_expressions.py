"""The reference page of expressions, made from the functions and the sandbox."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from pipelines import limits, nowhere
from pipelines.functions import FILTERS, TESTS
from pipelines.lookups import home_functions
from pipelines.ports import Home
from pipelines.sandbox import Sandbox

NOTE = "<!-- Generated from the code: edit the docstrings and annotations, not this page. -->"
_NAMES = {
    "trigger": "what started the run: `id`, `device`, `property`, `value`, `previous`, `topic`, "
    "`payload`, `raw`, `ts` (those the trigger has); started by hand: `trigger.id == 'manual'`",
    "event": "the event behind it: `id`, `ts`, `received`, `channel`, `source`, `payload`",
    "inputs": "the values of `inputs`",
    "variables": "the values of `variables` and of `set` steps; their bare names too",
    "steps": "results of steps by their `id`: `state`, `error` and their outputs",
    "error": "in `errors`: `step` and `message`",
    "run": "this run: `id`, `pipeline`, `version`, `started`",
    "repeat": "inside `repeat`: `index` (from 1), `item`, `first`, `last`",
}
_TEXT = """Expressions are Jinja2, sandboxed, strict about names that do not exist, and typed: a
single `{{ … }}` gives its own value (`"{{ 1 + 1 }}"` is the number 2, `"{{ '007' }}"` stays text),
text around it or a `{% … %}` block makes it a text. A key of a mapping comes before a method of
the same name: `trigger.payload.items` is the key."""


def expressions_page() -> str:
    """The page `expressions.md`."""
    functions: dict[str, Callable[..., Any]] = {
        **home_functions(nowhere.ports(Home())),
        "sun": _sun,
        "range": limits.numbers_up_to,
    }
    sandbox = Sandbox(functions)
    ours = {**FILTERS, **{name: functions[name] for name in functions if name in sandbox.filters}}
    jinja = [name for name in sandbox.filters if name not in ours and name.isidentifier()]
    seconds, size = limits.MAX_SECONDS * 1000, limits.MAX_SIZE // 1_000_000
    parts = ["# Expressions", NOTE, _TEXT]
    parts += [f"One may take at most {seconds:.0f} ms and {size} MB."]
    parts += ["## Names", _table("name", {f"`{key}`": text for key, text in _NAMES.items()})]
    parts += ["## Functions", _table("function", _described(functions))]
    parts += ["## Filters", _table("filter", _described(ours))]
    parts += [f"And Jinja's own: {_listed(jinja)}."]
    parts += ["## Tests", f"{_listed(TESTS)}, and Jinja's own (`is defined`, `is none`, …)."]
    return "\n\n".join(parts) + "\n"


def _sun() -> None:
    """Where the sun is: `elevation`, `azimuth`, `rising`, `setting`, `above_horizon` and more."""


def _described(functions: Mapping[str, Callable[..., Any]]) -> dict[str, str]:
    return {
        f"`{_call(name, function)}`": (inspect.getdoc(function) or "").split("\n")[0]
        for name, function in sorted(functions.items())
    }


def _call(name: str, function: Callable[..., Any]) -> str:
    """A function with its parameters; those with a default in brackets."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:
        return f"{name}(…)"
    shown = [each.name if each.default is each.empty else f"[{each.name}]" for each in parameters]
    return f"{name}({', '.join(shown)})"


def _listed(names: Any) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


def _table(heading: str, rows: Mapping[str, str]) -> str:
    lines = [f"| {name} | {text} |" for name, text in rows.items()]
    return "\n".join([f"| {heading} | |", "|---|---|", *lines])
