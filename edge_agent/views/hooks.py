"""The webhooks that pipelines listen on."""

from __future__ import annotations

from collections.abc import Sequence

from flows.engine import Engine
from schemas.api import HookCall
from schemas.identity import text_id

_METHODS = ("POST", "PUT", "GET")
_REMEMBER_KEYS = 86_400.0


class HooksView:
    """Implements `edge_agent.gateway.ports.Hooks`; a repeated idempotency key starts nothing."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._kept = engine.slots("hooks")
        self._kept.on_due(lambda key, value, event: None)

    def methods(self, hook: str) -> Sequence[str]:
        """The HTTP methods a hook's triggers want; LookupError when nobody listens."""
        listens = self._engine.router.listens
        methods = [method for method in _METHODS if listens("webhook", _name(method, hook))]
        if not methods:
            raise LookupError(f"no pipeline listens on the hook `{hook}`")
        return methods

    async def call(self, call: HookCall) -> Sequence[str]:
        """Fire the hook's triggers; the ids of the runs this started."""
        repeat = f"{call.name}/{call.idempotency_key}" if call.idempotency_key else ""
        if repeat and (kept := self._kept.get(repeat)) is not None:
            return [str(run) for run in kept]
        runs = self._engine.internal(
            "webhook",
            _name(call.method, call.name),
            call.data,
            raw=call.raw,
            principal=call.principal,
            idempotency_key=call.idempotency_key,
        )
        started = [text_id(run) for run in runs]
        if repeat:
            self._kept.put(repeat, started, self._engine.clock.now() + _REMEMBER_KEYS)
        return started


def _name(method: str, hook: str) -> str:
    """How the `webhook` trigger names a hook: the method stands before it unless it is POST."""
    return hook if method == "POST" else f"{method} {hook}"
