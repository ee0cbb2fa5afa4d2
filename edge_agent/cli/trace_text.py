"""A trace for a person: what started the run, each step with its values, what it did."""

from typing import Any

import click

from edge_agent.cli.shell import Shell, to_json
from schemas.api import EffectView, StepView, Trace

MARKS = {"completed": ("✓", "green"), "failed": ("✗", "red"), "skipped": ("-", "bright_black")}


def show_trace(shell: Shell, trace: Trace) -> None:
    """Print the whole trace."""
    run = trace.run
    took = shell.took(run.started, run.finished)
    colour = MARKS.get(run.state, ("", "cyan"))[1]
    shell.say(
        f"{click.style(run.pipeline, bold=True)} {click.style(run.state, fg=colour)}"
        f" at {shell.moment(run.started)}{f' in {took}' if took else ''}"
    )
    shell.say(f"  run      {run.id}")
    if trace.parent:
        shell.say(f"  parent   {trace.parent}")
    _show_values(shell, "trigger", trace.trigger or {"id": run.trigger})
    if trace.event:
        shell.say(
            f"  event    {trace.event.channel} {trace.event.source} {_short(trace.event.payload)}"
        )
    _show_values(shell, "inputs", trace.inputs)
    _show_values(shell, "values", trace.variables)
    if run.error:
        shell.say(f"  error    {click.style(run.error, fg='red')}")
    for step in trace.steps:
        _show_step(shell, step, [e for e in trace.effects if _belongs(e, step)])


def _belongs(effect: EffectView, step: StepView) -> bool:
    """Whether a step did this; a dry run keeps the effects of sub-runs below their step."""
    below = step.kind == "run" and effect.step.startswith(f"{step.path}/")
    return below or effect.step == step.path


def _show_step(shell: Shell, step: StepView, effects: list[EffectView]) -> None:
    mark, colour = MARKS.get(step.state, ("·", "cyan"))
    took = shell.took(step.started, step.finished)
    name = step.kind if step.path.isdigit() else f"{step.path} ({step.kind})"
    tries = f" after {step.attempts + 1} tries" if step.attempts else ""
    shell.say(f"{click.style(mark, fg=colour)} {click.style(name, bold=True)} {took}{tries}")
    for key, value in _items(step.values):
        shell.say(f"    {key}: {_short(value)}")
    for effect in effects:
        arrow = "→" if effect.performed else "⇢ (not performed)"
        shell.say(f"    {arrow} {effect.kind} {effect.target} {_short(effect.payload)}")
    if step.error:
        shell.say(f"    {click.style(step.error, fg='red')}")


def _show_values(shell: Shell, title: str, values: dict[str, Any]) -> None:
    told = [f"{key}={_short(value)}" for key, value in values.items() if value is not None]
    if told:
        shell.say(f"  {title:8} {', '.join(told)}")


def _items(values: Any) -> list[tuple[str, Any]]:
    if isinstance(values, dict):
        return [(key, value) for key, value in values.items() if value not in (None, False)]
    return [] if values is None else [("value", values)]


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else to_json(value, indent=-1)
    return text if len(text) <= 400 else f"{text[:400]}…"
