"""The contract of conditions."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from pipelines.component import Component
from pipelines.scope import Test

if TYPE_CHECKING:
    from pipelines.tools import Tools


class Condition(Component, frozen=True):
    """Something that must hold."""

    @abstractmethod
    def compile(self, tools: Tools) -> Test:
        """Parse everything once; the returned test must be quick and free of side effects."""
