"""One request: put to the model that was chosen, or to one after the other."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import NamedTuple

import msgspec

from edge_agent.models import routing, tasks
from edge_agent.models.choosing import Choice, Route
from edge_agent.models.desk import Desk, Turn
from edge_agent.models.driver import Judge, ModelError, ModelRefused
from edge_agent.models.routing import Counted
from pipelines.ports import Query
from schemas.anomaly import Judged
from schemas.intent import Understood
from schemas.model import Asker, ChatPart, ChatRequest


class Classified(NamedTuple):
    """What a text means, and which model says so."""

    model: str
    meant: Understood


class Asking:
    """Asks for somebody; `count` hears when a larger model is asked.

    Raises:
        LookupError, ModelError: nobody could answer; the text says why.
    """

    def __init__(self, desk: Desk, asker: Asker, count: Counted) -> None:
        self._desk = desk
        self._asker = asker
        self._count = count
        self._until = None if asker.within is None else time.monotonic() + asker.within

    async def chat(self, choice: Choice, request: ChatRequest) -> AsyncGenerator[ChatPart, None]:
        """An answer, piece by piece."""
        if isinstance(choice, Route):
            answer = routing.streamed(choice, request, self.chat, self._count)
        else:
            answer = self._said(choice, request)
        async with aclosing(answer) as parts:
            async for part in parts:
                yield part

    async def classify(
        self, choice: Choice, text: str, labels: Sequence[str], language: str
    ) -> Classified:
        """What a text means."""
        if isinstance(choice, Route):
            return await routing.whole(
                choice,
                lambda one: self.classify(one, text, labels, language),
                lambda found: found.meant.confidence,
                self._count,
            )
        self._left()
        async with self._desk.turn(choice, self._asker.priority) as turn:
            return Classified(choice, await self._meant(turn, text, labels, language))

    async def embed(self, model: str, texts: Sequence[str]) -> list[list[float]]:
        """A vector for each text."""
        async with self._desk.turn(model, self._asker.priority) as turn:
            return await turn.driver.embed(texts)

    async def judge(self, model: str, query: Query, at: float) -> Judged:
        """How unusual a sensor's value is."""
        async with self._desk.turn(model, self._asker.priority) as turn:
            if not isinstance(turn.driver, Judge):
                raise ModelRefused(f"`{model}` was not trained on a sensor: hearth models train")
            return await turn.driver.judge(query, at)

    async def _meant(
        self, turn: Turn, text: str, labels: Sequence[str], language: str
    ) -> Understood:
        if "classify" in turn.driver.does:
            return await turn.driver.classify(text, language)
        priority = self._asker.priority
        return await tasks.choose(turn.chat, text, labels, language=language, priority=priority)

    async def _said(self, model: str, request: ChatRequest) -> AsyncGenerator[ChatPart, None]:
        limits = [limit for limit in (request.deadline, self._left()) if limit is not None]
        asked = msgspec.structs.replace(
            request, priority=self._asker.priority, deadline=min(limits, default=None)
        )
        async with (
            self._desk.turn(model, self._asker.priority) as turn,
            aclosing(turn.chat(asked)) as parts,
        ):
            async for part in parts:
                yield part

    def _left(self) -> float | None:
        """The seconds there are for an answer.

        Raises:
            ModelError: none.
        """
        if self._until is None:
            return None
        left = self._until - time.monotonic()
        if left <= 0:
            raise ModelError("no time is left for an answer")
        return left
