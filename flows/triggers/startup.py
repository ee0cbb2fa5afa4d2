"""The trigger `startup`: the agent is ready."""

from flows.triggers.event import on_name
from pipelines.registry import trigger
from pipelines.tools import Tools
from pipelines.trigger import Arm, Trigger


@trigger
class Startup(Trigger, frozen=True):
    """Fire once when the agent is up and the broker is connected."""

    def compile(self, tools: Tools) -> Arm:
        """Nothing to parse."""
        return on_name("startup", "", lambda event: {"ts": event.ts})
