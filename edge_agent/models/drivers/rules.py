"""The driver `rules`: plain commands understood without any model, where the runtime is missing."""

from __future__ import annotations

from edge_agent.intents.rules import understand
from edge_agent.models.driver import Place
from edge_agent.models.refusing import Refusing
from schemas.intent import Understood


class RulesDriver(Refusing):
    """The rules of `edge_agent/intents/rules.yaml`."""

    does = frozenset({"classify"})
    only = "understands sentences"

    async def load(self) -> None:
        """Read the rules."""
        understand("")

    async def classify(self, text: str, language: str = "") -> Understood:
        """What a sentence asks of the home; `none` for all but plain commands."""
        return understand(text, language)


def make(place: Place) -> RulesDriver:
    """The driver of a place."""
    return RulesDriver(place)
