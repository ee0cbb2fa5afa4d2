"""The contract of conditions."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from pipelines.component import Component
from pipelines.findings import Tell, nothing
from pipelines.scope import Test

if TYPE_CHECKING:
    from pipelines.tools import Tools


class Condition(Component, frozen=True):
    """Something that must hold."""

    @abstractmethod
    def compile(self, tools: Tools) -> Test:
        """Parse everything once; the returned test must be quick and free of side effects."""

    def tell(self, tools: Tools) -> Tell:
        """What decides, for people; compiled beside the test only when somebody asks why."""
        return nothing
