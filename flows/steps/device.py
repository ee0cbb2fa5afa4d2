"""The step `device`: tell devices what to do, and make sure that they did."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from msgspec import Meta, Struct

from flows.commands import VERB_STATES, confirm, expected, is_near, named, send_commands
from pipelines.ports import Devices as Registry
from pipelines.registry import step
from pipelines.scope import Scope
from pipelines.step import Step, StepFailed, StepFn, Steps
from pipelines.tools import Tools
from schemas.device import Command
from schemas.fields import Devices, Duration, Expression


class Verify(Struct, frozen=True, forbid_unknown_fields=True):
    """How devices have to confirm a command."""

    within: Annotated[Duration, Meta(description="How long they may take to report it.")]


@step
class Device(Step, frozen=True):
    """Tell one or several devices what to do, in the common vocabulary.

    The firmware profile of each device turns it into messages. `verify` waits for every device to
    report what was set, and fails the step when one does not. Result: `verified`.
    """

    device: Annotated[Devices, Meta(description="Which devices.")]
    instance: Annotated[
        str | int | None, Meta(description="Which of several equal properties.")
    ] = None
    set: Annotated[
        dict[str, Any] | None,
        Meta(description="Properties and their values.", examples=[{"state": "on"}]),
    ] = None
    do: Annotated[
        Expression | None,
        Meta(description="toggle, open, close, stop, identify, or what the device knows."),
    ] = None
    raw: Annotated[
        dict[str, Any] | None, Meta(description="A message past the profile: topic, payload.")
    ] = None
    transition: Annotated[Duration | None, Meta(description="How long the change takes.")] = None
    verify: Annotated[Verify | None, Meta(description="Wait for the devices to report it.")] = None

    def compile(self, tools: Tools) -> StepFn:
        """Parse the fields; what runs sends the command and listens for the reports."""
        if self.set is None and self.do is None and self.raw is None:
            tools.problem("nothing is to be done", hint="add `set`, `do` or `raw`")
        if self.verify and not self.set and self.do not in VERB_STATES:
            tools.problem("nothing is set that could be verified", "verify")
        devices, command_of = tools.template(self.device, "device"), self._command(tools)
        within = tools.duration(self.verify.within, "verify") if self.verify else None
        registry, now, path = tools.ports.devices, tools.ports.clock.now, tools.path

        def device(scope: Scope) -> Steps:
            targets, command = named(devices(scope), registry), command_of(scope)
            if not targets:
                raise StepFailed(f"no device is {devices(scope)!r}")
            until = scope.waits.get(path)
            if until is None:
                yield from send_commands([(target, command) for target in targets], scope, tools)
            if within is None or not scope.live:
                return {"verified": False}
            missing = _unconfirmed(targets, command, None if until is None else registry)
            until = now() + within(scope) if until is None else until
            notes = scope.notes(path)
            notes.awaits, notes.until = tuple(" ".join(map(str, key)) for key in missing), until
            yield from confirm(missing, command.instance, until, tools)
            return {"verified": True}

        return device

    def _command(self, tools: Tools) -> Callable[[Scope], Command]:
        values, raw = tools.template(self.set or {}, "set"), tools.template(self.raw, "raw")
        do = tools.expression(self.do, "do")
        transition = self.transition and tools.duration(self.transition, "transition")
        instance = None if self.instance is None else str(self.instance)
        return lambda scope: Command(
            values(scope),
            do(scope),
            instance,
            transition(scope) if transition else None,
            raw(scope),
        )


def _unconfirmed(
    targets: Sequence[str], command: Command, known: Registry | None
) -> dict[tuple[str, str], Any]:
    """What has to be reported: everything, or after a restart what is not `known` to be so."""
    return {
        (target, name): value
        for target in targets
        for name, value in expected(command).items()
        if known is None or not is_near(known.value(target, name, command.instance), value, name)
    }
