"""A trace for a person: what started the run, and a tree of its steps with every value."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import click

from edge_agent.cli.shell import Shell, to_json
from edge_agent.cli.trace_tree import Node, tree
from schemas.traces import EffectView, RunSummary, StepView, Trace, WaitView

MARKS = {
    "completed": ("✓", "green"),
    "failed": ("✗", "red"),
    "skipped": ("-", "bright_black"),
    "cancelled": ("×", "yellow"),
    "waiting": ("…", "cyan"),
}
_WIDTH = 80


def show_trace(shell: Shell, trace: Trace, *, full: bool = False) -> None:
    """Print the whole trace; `full` does not shorten values."""
    for line in TraceText(shell, full=full).lines(trace):
        shell.say(line)


class TraceText:
    """Writes one trace, `_WIDTH` columns wide, or as wide as a narrower terminal."""

    def __init__(self, shell: Shell, *, full: bool) -> None:
        self._shell = shell
        self._full = full
        self._width = min(_WIDTH, shutil.get_terminal_size((_WIDTH, 24)).columns)

    def lines(self, trace: Trace) -> Iterator[str]:
        """The head, then the tree."""
        yield from self._head(trace)
        for title, nodes in tree(trace).groups():
            if title:
                yield click.style(title, bold=True)
            for node in nodes:
                yield from self._node(node, "", "")
        if trace.children:
            yield click.style("started", bold=True)
            yield from map(self._child, trace.children)

    def _child(self, run: RunSummary) -> str:
        took = self._shell.took(run.started, run.finished)
        error = f": {run.error}" if run.error else ""
        told = f"{run.id} {run.pipeline} {run.state}{f' in {took}' if took else ''}{error}"
        colour = MARKS.get(run.state, ("", "cyan"))[1]
        return click.style(self._cut(f"  {told}"), fg=colour)

    def _head(self, trace: Trace) -> Iterator[str]:
        run, shell = trace.run, self._shell
        took = shell.took(run.started, run.finished)
        colour = MARKS.get(run.state, ("", "cyan"))[1]
        yield (
            f"{click.style(run.pipeline, bold=True)} {click.style(run.state, fg=colour)}"
            f" at {shell.moment(run.started)}{f' in {took}' if took else ''}"
        )
        yield self._fact("run", run.id)
        yield from self._values("trigger", trace.trigger or {"id": run.trigger})
        if event := trace.event:
            yield self._fact("event", f"{event.channel} {event.source} {_text(event.payload)}")
        yield from self._values("inputs", trace.inputs)
        yield from self._values("values", trace.variables)
        if trace.parent:
            yield self._fact("started by", f"run {trace.parent}")
        if run.error:
            yield click.style(self._fact("error", run.error), fg="red")

    def _fact(self, title: str, text: str) -> str:
        return self._cut(f"  {title:8} {text}")

    def _values(self, title: str, values: dict[str, Any]) -> Iterator[str]:
        told = [f"{key}={_text(value)}" for key, value in values.items() if value is not None]
        if told:
            yield self._fact(title, ", ".join(told))

    # ------------------------------------------------------------------ the tree
    def _node(self, node: Node, first: str, rest: str) -> Iterator[str]:
        """A step: its line under the branch `first`, everything else under `rest`."""
        assert node.step is not None
        yield self._title(node.step, first)
        groups = list(node.groups())
        bar = "│   " if groups else "    "
        for text, colour in _details(self._shell, node.step, node.effects):
            yield rest + bar + click.style(self._cut(text, len(rest) + 4), fg=colour)
        for title, nodes in groups:
            if title:
                yield f"{rest}│ {click.style(title, bold=True)}"
            last = nodes if title == groups[-1][0] else None
            for inner in nodes:
                ends = last is not None and inner is nodes[-1]
                yield from self._node(
                    inner, rest + ("└─ " if ends else "├─ "), rest + ("   " if ends else "│  ")
                )

    def _title(self, step: StepView, branch: str) -> str:
        mark, colour = MARKS.get(step.state, ("·", "cyan"))
        named = not step.path[-1].isdigit()
        name = f"{step.path} ({step.kind})" if named else step.kind
        tries = f" after {step.attempts + 1} tries" if step.attempts else ""
        took = self._shell.took(step.started, step.finished) if step.state != "waiting" else ""
        gap = self._width - len(f"{branch}{mark} {name}{tries}") - len(took)
        told = took if step.state != "skipped" else ""
        line = f"{branch}{click.style(mark, fg=colour)} {click.style(name, bold=True)}{tries}"
        return f"{line}{' ' * max(gap, 1)}{told}".rstrip()

    def _cut(self, text: str, used: int = 0) -> str:
        if self._full:
            return text
        room = max(self._width - used, 20)
        text = " ".join(text.split("\n")).rstrip()
        return text if len(text) <= room else f"{text[: room - 1]}…"


def _details(
    shell: Shell, step: StepView, effects: list[EffectView]
) -> Iterator[tuple[str, str | None]]:
    """What is told of a step, in the order it came to be; each line with its colour."""
    if step.unmet:
        yield f"skipped: {step.unmet}", "bright_black"
    for index, asked in enumerate(step.asked, 1):
        yield f"branch {index} {'' if asked.held else 'not '}taken: {asked.condition}", None
    for key, value in step.inputs.items():
        yield f"{key}: {_text(value)}", None
    for number, each in enumerate(step.tries, 1):
        mark = "✗" if each.error else "✓"
        took = shell.took(each.started, each.finished)
        yield f"try {number} {mark} {took} {each.error}".rstrip(), "red" if each.error else "green"
    for effect in effects:
        arrow = "→" if effect.performed else "⇢ (not performed)"
        yield f"{arrow} {effect.kind} {effect.target} {_text(effect.payload)}", "cyan"
    if step.wait:
        yield from ((line, "cyan") for line in _waited(shell, step.wait))
    for key, value in _outputs(step):
        yield f"{key}: {_text(value)}", None
    if step.error:
        yield step.error, "red"


def _waited(shell: Shell, wait: WaitView) -> Iterator[str]:
    if wait.awaits:
        yield f"waits for {'; '.join(wait.awaits)}"
    ended = {"": "", "time": "time is up"}.get(wait.ended, f"ended by {wait.ended}")
    until = f"until {shell.moment(wait.until)}" if wait.until else ""
    if until or ended:
        yield ": ".join(filter(None, (until, ended)))


def _outputs(step: StepView) -> list[tuple[str, Any]]:
    values = None if step.asked else step.values  # the number of the branch was told
    if isinstance(values, dict):
        return [(key, value) for key, value in values.items() if value not in (None, False)]
    return [] if values is None else [("value", values)]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else to_json(value, indent=-1)
