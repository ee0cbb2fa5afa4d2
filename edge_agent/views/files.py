"""The files of the home as the API shows them: reloaded, rolled back, and what is wrong in them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from edge_agent.reloading.reloader import Reloader
from edge_agent.reloading.rollback import roll_back
from edge_agent.views.pipelines import user_problem
from edge_agent.views.versions import Kept, VersionsView
from schemas.api import UserProblem
from schemas.files import ReloadAnswer, RolledBack


class FilesView(VersionsView):
    """Implements `edge_agent.gateway.ports.Files`."""

    def __init__(self, reloader: Reloader, kept: Kept) -> None:
        super().__init__(kept)
        self._reloader = reloader

    async def reload(self) -> ReloadAnswer:
        """Put what has changed in force now."""
        return await self._reloader.reload()

    async def problems(self) -> Sequence[UserProblem]:
        """Everything that is wrong in the files."""
        return list(map(user_problem, self._reloader.problems))

    async def rollback(self, pipeline: str, number: int | None) -> RolledBack:
        """Write a version back into its file, and put it in force."""
        await self._reloader.reload()  # what stands in the file is a version of its own
        back = await self.way_back(pipeline, number)
        home, compiler = self._reloader.home, self._reloader.compiler
        done = await asyncio.to_thread(roll_back, home, back, compiler)
        await self._reloader.reload(f"rolled back to {done.number}")
        return done
