"""A trace for a person: what started the run, and a tree of its steps with every value."""

from __future__ import annotations

import shutil
import sys
import textwrap
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
WIDTH = 80
_LEAST = 20
_ERROR = "red"


def show_trace(shell: Shell, trace: Trace, *, full: bool = False) -> None:
    """Print the whole trace; values are shortened for a terminal only, and not with `full`."""
    seen = sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if seen else WIDTH
    for line in TraceText(shell, width=width, full=full or not seen).lines(trace):
        shell.say(line)


class TraceText:
    """Writes one trace for a terminal `width` columns wide.

    Values are shortened to its width; what has room in `WIDTH` columns takes several lines of a
    narrower one. Errors are always whole.
    """

    def __init__(self, shell: Shell, *, width: int = WIDTH, full: bool = False) -> None:
        self._shell = shell
        self._full = full
        self._width = width

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
            for child in trace.children:
                yield from self._child(child)

    def _child(self, run: RunSummary) -> Iterator[str]:
        took = self._shell.took(run.started, run.finished)
        error = f": {run.error}" if run.error else ""
        told = f"{run.id} {run.pipeline} {run.state}{f' in {took}' if took else ''}{error}"
        colour = MARKS.get(run.state, ("", "cyan"))[1]
        yield from self._laid(told, "  ", "    ", colour)

    def _head(self, trace: Trace) -> Iterator[str]:
        run, shell = trace.run, self._shell
        took = shell.took(run.started, run.finished)
        colour = MARKS.get(run.state, ("", "cyan"))[1]
        yield (
            f"{click.style(run.pipeline, bold=True)} {click.style(run.state, fg=colour)}"
            f" at {shell.moment(run.started)}{f' in {took}' if took else ''}"
        )
        yield f"  {'run':8} {run.id}"  # whole, to be copied
        yield from self._values("trigger", trace.trigger or {"id": run.trigger})
        if event := trace.event:
            payload = "" if event.payload is None else f" {_text(event.payload)}"
            yield from self._fact("event", f"{event.channel} {event.source}{payload}")
        yield from self._values("inputs", trace.inputs)
        yield from self._values("values", trace.variables)
        if trace.parent:
            yield from self._fact("started by", f"run {trace.parent}")
        if run.error:
            yield from self._fact("error", run.error, _ERROR)

    def _fact(self, title: str, text: str, colour: str | None = None) -> Iterator[str]:
        yield from self._laid(text, f"  {title:8} ", " " * 11, colour)

    def _values(self, title: str, values: dict[str, Any]) -> Iterator[str]:
        told = [f"{key}={_text(value)}" for key, value in values.items() if value is not None]
        if told:
            yield from self._fact(title, ", ".join(told))

    # ------------------------------------------------------------------ the tree
    def _node(self, node: Node, first: str, rest: str) -> Iterator[str]:
        """A step: its line under the branch `first`, everything else under `rest`."""
        assert node.step is not None
        yield self._title(node.step, first)
        groups = list(node.groups())
        bar = "│   " if groups else "    "
        for text, colour in _details(self._shell, node.step, node.effects):
            yield from self._laid(text, rest + bar, f"{rest}{bar}  ", colour)
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
        gap = min(self._width, WIDTH) - len(f"{branch}{mark} {name}{tries}") - len(took)
        told = took if step.state != "skipped" else ""
        line = f"{branch}{click.style(mark, fg=colour)} {click.style(name, bold=True)}{tries}"
        return f"{line}{' ' * max(gap, 1)}{told}".rstrip()

    def _laid(self, text: str, first: str, rest: str, colour: str | None) -> Iterator[str]:
        """The lines of a text, the first one behind `first`, others behind `rest`."""
        start = first
        for line in self._fitted(text, len(first), whole=colour == _ERROR):
            yield start + click.style(line, fg=colour)
            start = rest

    def _fitted(self, text: str, used: int, *, whole: bool) -> list[str]:
        if self._full:
            return text.split("\n")
        text = " ".join(text.split("\n")).rstrip()
        most = max(self._width, WIDTH) - used
        if not whole and len(text) > most:
            text = f"{text[: most - 1]}…"
        if used + len(text) <= self._width:
            return [text]
        room = max(self._width - used - 2, _LEAST)
        return textwrap.wrap(text, room, break_on_hyphens=False)


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
        yield f"try {number} {mark} {took} {each.error}".rstrip(), _ERROR if each.error else "green"
    for effect in effects:
        arrow = "→" if effect.performed else "⇢ (not performed)"
        yield f"{arrow} {effect.kind} {effect.target} {_text(effect.payload)}", "cyan"
    if step.wait:
        yield from ((line, "cyan") for line in _waited(shell, step.wait))
    for key, value in _outputs(step):
        yield f"{key}: {_text(value)}", None
    if step.error:
        yield step.error, _ERROR


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
