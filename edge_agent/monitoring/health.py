"""Health: every component says how it is, in one word and a reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from schemas.health import ComponentHealth, Readiness

Check = Callable[[], str]
"""Quick and free of side effects: what is wrong with the component, empty when nothing is."""


class Health:
    """The components' checks; asked, never pushed, so that it cannot be out of date."""

    def __init__(self) -> None:
        self._checks: dict[str, tuple[Check, bool]] = {}

    def watch(self, component: str, check: Check, *, essential: bool = True) -> None:
        """Ask `check` about a component; without an `essential` one the agent is not ready."""
        self._checks[component] = check, essential

    def readiness(self) -> Readiness:
        """Whether the agent can do its work now, and every component's state."""
        states = [
            ComponentHealth(name, _state(reason, essential=essential), reason)
            for name, (check, essential) in self._checks.items()
            for reason in (check(),)
        ]
        return Readiness(all(state.state != "failed" for state in states), states)


def _state(reason: str, *, essential: bool) -> Literal["ok", "degraded", "failed"]:
    if not reason:
        return "ok"
    return "failed" if essential else "degraded"
