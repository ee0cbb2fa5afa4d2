"""The files of the home as the API shows them: reloaded, and what is wrong in them."""

from __future__ import annotations

from collections.abc import Sequence

from edge_agent.reloading.reloader import Reloader
from edge_agent.views.pipelines import user_problem
from schemas.api import UserProblem
from schemas.files import ReloadAnswer


class FilesView:
    """Implements `edge_agent.gateway.ports.Files`."""

    def __init__(self, reloader: Reloader) -> None:
        self._reloader = reloader

    async def reload(self) -> ReloadAnswer:
        """Put what has changed in force now."""
        return await self._reloader.reload()

    async def problems(self) -> Sequence[UserProblem]:
        """Everything that is wrong in the files."""
        return list(map(user_problem, self._reloader.problems))
