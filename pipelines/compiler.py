"""Pipeline documents into Plans."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import msgspec

from pipelines.decode import decode
from pipelines.draft import Draft
from pipelines.expression import Expressions
from pipelines.expression_names import SCOPE_NAMES, Known
from pipelines.fingerprint import trigger_keys, version
from pipelines.inputs import Inputs, read
from pipelines.lookups import home_functions
from pipelines.plan import Block, Plan
from pipelines.ports import Ports
from pipelines.registry import STEPS
from pipelines.rehearsal import read_tests
from pipelines.remembered import remembered
from pipelines.scope import Expr
from pipelines.secrecy import secrets_in
from pipelines.tree import Map, Seq, place
from pipelines.workbench import Workbench
from schemas.fields import seconds
from schemas.model import Asker
from schemas.pipeline import PARTS, Input, MissedWithin, Pipeline
from schemas.problem import Position, Problem

_PRIORITIES = {"low": -1, "normal": 0, "high": 1}


class Compiler:
    """Compiles the pipelines of one home.

    `functions` are what expressions can call besides the language's own (`sun`); `known_devices`
    the device names there are, for warnings (None: unknown, no warnings). `draft` compiles the
    parts of one. `shadow_ports` are what a shadow is compiled for: they let nothing through.
    """

    def __init__(
        self,
        ports: Ports,
        functions: Mapping[str, Callable[..., Any]] | None = None,
        known_devices: Collection[str] | None = None,
        draft: Callable[..., Draft] = Draft,
    ) -> None:
        self.ports = ports
        self.functions = functions
        self.shadow_ports: Callable[[Plan], Ports] | None = None
        self.expressions = Expressions({**home_functions(ports), **(functions or {})})
        self.known_devices = known_devices
        self._draft = draft

    def compile(
        self, tree: Any, at: Position, texts: Mapping[str, str]
    ) -> tuple[Plan | None, list[Problem]]:
        """The Plan of one pipeline, None when there are errors; `texts` are files' texts."""
        if not isinstance(tree, Map):
            hint = "with the keys id, triggers, steps, …"
            return None, [Problem(at, "a pipeline must be a mapping", hint)]
        document, problems = decode(tree, Pipeline, at, "pipeline")
        if document is None and isinstance(tree, Map):  # look at the rest all the same
            tree = _named(tree)
            document = decode(tree, Pipeline, at, "pipeline")[0]
        if document is None:
            return None, problems
        names = _names(document, tree)
        draft = self._draft(
            self.ports, self.expressions, texts, known=names, known_devices=self.known_devices
        )
        draft.asker = Asker(priority=document.priority, labels=document.labels)
        draft.is_flow = document.path == "flow"
        for problem in problems:
            draft.report(problem)
        plan = _plan(document, tree, draft)
        wrong = any(problem.severity == "error" for problem in draft.problems)
        return None if wrong else plan, draft.problems

    def aside(self, plan: Plan, tree: Any, at: Position, texts: Mapping[str, str]) -> Plan:
        """The Plan of a shadow: compiled once more, for ports that let nothing through."""
        if self.shadow_ports is None:
            return plan
        compiler = Compiler(self.shadow_ports(plan), self.functions)
        made = compiler.compile(tree, at, texts)[0]
        assert made is not None, "what has compiled compiles again"
        return msgspec.structs.replace(made, id=plan.id, shadow=True, aside=True)


def _named(tree: Map) -> Map:
    """The pipeline with a stand-in for its missing or wrong id."""
    named = Map(tree.at)
    for key, value in tree.items():
        named.put(key, value, tree.keys_at[key], tree.values_at[key])
    named.put("id", "unnamed", tree.at, tree.at)
    return named


def documents(tree: Any, at: Position) -> Iterator[tuple[Any, Position]]:
    """The pipelines of a file: one, or a list of them."""
    if isinstance(tree, Seq):
        for index, item in enumerate(tree):
            if isinstance(item, Seq):  # a list by `!include`
                yield from documents(item, tree.values_at[index])
            else:
                yield item, tree.values_at[index]
    elif tree is not None:
        yield tree, getattr(tree, "at", at)


def _plan(document: Pipeline, tree: Map, draft: Draft) -> Plan:
    known, inputs = draft.known, _inputs(document, tree, draft)
    before_steps = msgspec.structs.replace(known, steps=frozenset())
    return Plan(
        id=document.id,
        version=version(tree),
        gates=_gates(document, tree, draft),
        variables=_variables(document, tree, draft),
        test=draft.conditions(
            document.conditions, place(tree, ["conditions"], tree.at), before_steps, "conditions"
        ),
        steps=_block(document.steps, tree, draft, "steps"),
        errors=_block(document.errors, tree, draft, "errors"),
        finally_=_block(document.finally_, tree, draft, "finally"),
        inputs=inputs,
        defaults=inputs.defaults,
        mode=document.mode,
        max=document.max,
        max_exceeded=document.max_exceeded,
        missed=(
            seconds(document.missed.within)
            if isinstance(document.missed, MissedWithin)
            else document.missed
        ),
        stale_after=None if document.stale_after is None else seconds(document.stale_after),
        path=document.path,
        priority=_PRIORITIES[document.priority],
        enabled=document.enabled,
        labels=document.labels,
        paths=frozenset(draft.paths),
        description=document.description,
        file=tree.at.file,
        shadow=document.shadow,
        remembers=frozenset(remembered(tree)),
        secrets=frozenset(secrets_in(tree)),
        tests=read_tests(tree, document.id, draft.report),
        links=tuple(draft.links),
        models=tuple(draft.models),
    )


def _block(value: list[Any], tree: Map, draft: Draft, key: str) -> Block:
    spots = [place(tree, [key, index], tree.at) for index in range(len(value))]
    branch = "" if key == "steps" else key
    return draft.steps(value, place(tree, [key], tree.at), spots, parent="", branch=branch)


def _gates(document: Pipeline, tree: Map, draft: Draft) -> tuple[Any, ...]:
    known = draft.known
    names = Known(
        inputs=known.inputs,
        variables=frozenset(),
        steps=frozenset(),
        later=known.variables or frozenset(),
        reason="triggers see `inputs`, not variables",
    )
    gates = (
        draft.gate(item, place(tree, ["triggers", index], tree.at), index, names)
        for index, item in enumerate(document.triggers)
    )
    keys = trigger_keys(tree)
    return tuple(
        msgspec.structs.replace(gate, key=keys[gate.index]) for gate in gates if gate is not None
    )


def _variables(document: Pipeline, tree: Map, draft: Draft) -> tuple[tuple[str, Expr], ...]:
    """The variables in order, each seeing those before it."""
    values = tree.get("variables") or Map(tree.at)
    every, before = frozenset(document.variables), set[str]()
    compiled = []
    for name, value in document.variables.items():
        _check_name(name, "variable", values.keys_at[name], draft)
        known = msgspec.structs.replace(
            draft.known,
            variables=(draft.known.variables or frozenset()) - every | before,
            steps=frozenset(),
            later=every - before,
            reason="variables are computed in order: put it further up",
        )
        tools = Workbench(draft, "variables", values, known)
        compiled.append((name, tools.template(value, name)))
        before.add(name)
    return tuple(compiled)


def _check_name(name: str, kind: str, at: Position, draft: Draft) -> None:
    if not name.isidentifier() or not name.isascii() or name != name.lower() or name[0] == "_":
        draft.report(Problem(at, f"`{name}` is no {kind} name", "small letters, digits and `_`"))
    elif kind == "variable" and (name in SCOPE_NAMES or draft.is_function(name)):
        draft.report(Problem(at, f"`{name}` has a meaning of its own", "choose another name"))


def _inputs(document: Pipeline, tree: Map, draft: Draft) -> Inputs:
    values = tree.get("inputs")
    for name, spec in document.inputs.items():
        _check_name(name, "input", values.keys_at[name], draft)  # type: ignore[union-attr]
        at = place(tree, ["inputs", name, "default"], tree.at)
        _check_input(spec, at, draft)
    inputs = Inputs(document.inputs)
    for name in inputs.needed:
        if any("webhook" not in each for each in document.triggers if isinstance(each, Map)):
            text = f"`{name}` has no value when a trigger starts the pipeline"
            spot = place(tree, ["inputs", name], tree.at)
            draft.report(Problem(spot, text, "give it a `default`", "warning"))
    return inputs


def _check_input(spec: Input, at: Position, draft: Draft) -> None:
    if spec.type in PARTS:
        draft.report(Problem(at, f"only blueprints have inputs that are {spec.type}"))
        return
    if spec.type == "select" and not spec.options:
        draft.report(Problem(at, "a `select` needs `options`"))
        return
    try:
        read(spec, spec.default)
    except ValueError as error:
        draft.report(Problem(at, f"`default` {error}"))


def _names(document: Pipeline, tree: Map) -> Known:
    """The names that expressions of the steps may use."""
    variables = {*document.variables, *_set_names(tree)}
    steps = {name for key in ("steps", "errors", "finally") for name in _step_ids(tree.get(key))}
    inputs = tree.get("inputs")
    return Known(
        inputs=frozenset(inputs if isinstance(inputs, Map) else ()),
        variables=frozenset(variables),
        steps=frozenset(steps),
    )


def _step_ids(tree: Any) -> Iterator[str]:
    """The ids of all steps in a tree; what has no step's key beside it is something else's."""
    if isinstance(tree, Map) and isinstance(tree.get("id"), str) and tree.keys() & STEPS.keys():
        yield tree["id"]
    for child in tree.values() if isinstance(tree, Map) else tree if isinstance(tree, Seq) else ():
        yield from _step_ids(child)


def _set_names(tree: Any) -> Iterator[str]:
    """The variables that `set` steps write."""
    for child in tree.values() if isinstance(tree, Map) else tree if isinstance(tree, Seq) else ():
        if isinstance(tree, Seq) and isinstance(child, Map) and isinstance(child.get("set"), Map):
            yield from child["set"]
        yield from _set_names(child)
