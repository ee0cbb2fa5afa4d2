"""The step `scene`: remember how devices are set, and set them so again."""

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import Meta

from flows.commands import named, send_commands
from pipelines.registry import step
from pipelines.scope import Expr, Scope
from pipelines.step import Step, StepFailed, StepFn, Steps
from pipelines.tools import Tools
from schemas.device import Command
from schemas.fields import Devices, Expression

_SETTABLE = (
    "state", "brightness", "color_temp", "color_xy", "color_hs", "color_rgb", "position", "tilt",
    "fan_speed", "target_temperature", "hvac_mode", "preset",
)  # fmt: skip
_COLORS = ("color_temp", "color_xy", "color_hs", "color_rgb")
_MOVING = frozenset({"open", "closed", "opening", "closing", "stopped"})


@step
class Scene(Step, frozen=True):
    """Remember how devices are set, or set them again as they were.

    A scene holds the state, brightness, colour, position, target temperature and mode that each
    device last reported. It outlives runs and restarts under the memory key `scene/NAME`.
    """

    save: Annotated[Expression | None, Meta(description="Remember under this name.")] = None
    restore: Annotated[Expression | None, Meta(description="Set again what was saved.")] = None
    devices: Annotated[Devices | None, Meta(description="Which devices, with `save`.")] = None

    def compile(self, tools: Tools) -> StepFn:
        """One of two steps."""
        if (self.save is None) == (self.restore is None):
            tools.problem("it must either save or restore", hint="give one of `save`, `restore`")
        if (self.save is None) != (self.devices is None):
            tools.problem("`save` and `devices` go together", "devices")
        if self.restore is not None:
            return _restore(tools.expression(self.restore, "restore"), tools)
        devices = tools.template(self.devices, "devices")
        return _save(tools.expression(self.save, "save"), devices, tools)


def _save(name: Expr, devices: Expr, tools: Tools) -> StepFn:
    registry, keep = tools.ports.devices, tools.ports.memory.set
    now, path = tools.ports.clock.now, tools.path

    def save(scope: Scope) -> None:
        key = f"scene/{name(scope)}"
        scene = {
            device: {p: v for p in _SETTABLE if (v := registry.value(device, p)) is not None}
            for device in named(devices(scope), registry)
        }
        if scope.act(path, "remember", key, scene, now()):
            keep(key, scene)

    return save


def _restore(name: Expr, tools: Tools) -> StepFn:
    get = tools.ports.memory.get

    def restore(scope: Scope) -> Steps:
        scene = get(f"scene/{name(scope)}")
        if not scene:
            raise StepFailed(f"no scene `{name(scope)}` was saved")
        commands = [(device, Command(_again(values))) for device, values in scene.items() if values]
        yield from send_commands(commands, scope, tools)
        return None

    return restore


def _again(values: Mapping[str, Any]) -> dict[str, Any]:
    """What to set to get these reported values: many devices switch on when told a brightness."""
    state = values.get("state")
    if state == "off":
        return {"state": "off"}
    colors = [name for name in _COLORS if name in values]
    left_out = {*colors[1:], *(["state"] if "position" in values and state in _MOVING else [])}
    return {name: value for name, value in values.items() if name not in left_out}
