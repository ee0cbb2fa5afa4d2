"""Which model a name stands for: itself, one of a split, or first a small one, then a larger."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping
from typing import NamedTuple

from edge_agent.models.driver import ModelRefused
from pipelines.model_names import meant
from schemas.model import Asker, Where
from schemas.settings import ModelSettings, ShareSettings

_PLAIN = ModelSettings()
_WHOLE = 1 << 64


class Route(NamedTuple):
    """First one model, then another: `below` is the least confidence that will do, `up_to` the
    longest request, in characters, that the first is asked."""

    name: str
    first: Choice
    then: Choice
    below: float
    up_to: int


Choice = str | Route


class Choosing:
    """The names of `hearth.yaml` that stand for others; the settings were checked."""

    def __init__(self, settings: Mapping[str, ModelSettings]) -> None:
        self._settings = settings

    def choice(self, name: str, asker: Asker) -> Choice:
        """Whom to ask.

        Raises:
            ModelRefused: none of its models runs where this may run.
        """
        settings = self._settings.get(name, _PLAIN)
        if settings.split:
            return self.choice(self._share(name, settings, asker), asker)
        if settings.first:
            return self._route(name, settings, asker)
        if not self._may(name, asker.where):
            raise ModelRefused(_refusal(name, asker.where))
        return name

    def _route(self, name: str, settings: ModelSettings, asker: Asker) -> Choice:
        both = (settings.first, settings.then)
        there = [each for each in both if self._may(each, asker.where)]
        if not there:
            raise ModelRefused(_refusal(name, asker.where))
        first, then = (self.choice(each, asker) for each in (there[0], there[-1]))
        if len(there) == 1:
            return first
        return Route(name, first, then, settings.below, settings.up_to)

    def _share(self, name: str, settings: ModelSettings, asker: Asker) -> str:
        there = [each for each in settings.split if self._may(each.model, asker.where)]
        if not there:
            raise ModelRefused(_refusal(name, asker.where))
        claimed = next((each for each in there if each.label and _has(asker, each.label)), None)
        if claimed is not None:
            return claimed.model
        return _drawn([each for each in there if not each.label] or there, name, asker.session)

    def _may(self, name: str, where: Where) -> bool:
        if where == "auto":
            return True
        wanted = where == "cloud"
        models = meant(name, self._settings)
        return any(self._settings.get(each, _PLAIN).remote == wanted for each in models)


def _drawn(shares: list[ShareSettings], name: str, session: str) -> str:
    """By weight; the same for the same session, and for most when the weights are changed."""
    place = _fraction(f"{name}\0{session}") if session else random.random()
    rest = place * sum(share.weight for share in shares)
    for share in shares:
        rest -= share.weight
        if rest < 0:
            return share.model
    return shares[-1].model


def _fraction(text: str) -> float:
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest) / _WHOLE


def _has(asker: Asker, label: str) -> bool:
    key, _, value = label.partition("=")
    return asker.labels.get(key.strip()) == value.strip()


def _refusal(name: str, where: Where) -> str:
    if where == "cloud":
        return f"`{name}` runs on this device, and no coordinator is configured"
    return f"`{name}` runs on a server, and this must not leave the device"
