"""Continuous batching: requests come and go while one step after the other serves all of them.

A step holds one token of every answer under way and as many tokens of waiting prompts as the chunk
has room for (ragged, mixed). What an ended answer left in the cache serves prompts that begin the
same: they fork it. A request is let in when the cache has room for its longest answer, so that
nothing under way is ever thrown out.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from edge_agent.models.runtime.folder import Array
from edge_agent.models.runtime.sampling import Sampler
from edge_agent.models.waiting import Waiting
from schemas.model import Priority

WAITING_MOST = 256


class Steps(Protocol):
    """What batching asks of a loaded model (`decoder.Decoder`)."""

    vocabulary: int
    context: int
    chunk: int
    sequences: int
    pages: int
    page: int

    @property
    def free_pages(self) -> int:
        """Pages nobody uses."""

    def add(self, sequence: int) -> None:
        """Make an empty sequence."""

    def fork(self, parent: int, child: int, length: int) -> None:
        """Make a sequence that begins like another."""

    def remove(self, sequence: int) -> None:
        """Forget a sequence."""

    def clear(self) -> None:
        """Forget all."""

    def step(self, work: Sequence[tuple[int, Sequence[int]]]) -> Array:
        """The logits after the next tokens of each sequence."""


class Request:
    """One prompt to be answered: `token` hears each token and says whether to go on, `ended`
    hears why it ended: stop, length, abort, or an error's text after `error: `."""

    def __init__(
        self,
        prompt: Sequence[int],
        *,
        limit: int,
        sampler: Sampler,
        token: Callable[[int], bool],
        ended: Callable[[str], None],
        allowed: Callable[[], Array | None] = lambda: None,
        priority: Priority = "normal",
    ) -> None:
        self.prompt = list(prompt)
        self.limit = limit
        self.sampler = sampler
        self.token = token
        self.ended = ended
        self.allowed = allowed
        self.priority: Priority = priority
        self.sequence = -1
        self.fed = 0
        self.made: list[int] = []
        self.reused = 0

    @property
    def pending(self) -> list[int]:
        """The tokens that the cache does not hold yet."""
        over = self.fed - len(self.prompt)
        return self.made[over:] if over >= 0 else self.prompt[self.fed :] + self.made


class Busy(Exception):
    """Too many requests wait already."""


class Batcher:
    """Serves requests on one model; `step` does one step for all, False when there is nothing."""

    def __init__(self, model: Steps) -> None:
        self.model = model
        self.waiting: Waiting[Request] = Waiting()
        self.running: list[Request] = []
        self._kept: OrderedDict[int, list[int]] = OrderedDict()
        self._free = list(range(model.sequences))[::-1]

    def submit(self, request: Request) -> None:
        """Take a request in.

        Raises:
            Busy: too many wait.
            ValueError: the prompt cannot be answered by this model at all.
        """
        if len(self.waiting) >= WAITING_MOST:
            raise Busy(f"{WAITING_MOST} requests wait already")
        self._check(request)
        self.waiting.add(request, request.priority)

    def abort(self, request: Request) -> None:
        """End a request early."""
        if request in self.waiting:
            self.waiting.remove(request)
            request.ended("abort")
        elif request in self.running:
            self._finish(request, "abort")

    def step(self) -> bool:
        """One step for everybody.

        Errors of the model end every request under way and empty the cache; the next ones work.
        """
        self._admit()
        if not self.running:
            return False
        work = list(self._work())
        try:
            logits = self.model.step([(each.sequence, tokens) for each, tokens in work])
        except Exception as error:
            self._fail_all(str(error).strip().splitlines()[-1])
            return True
        likeliest = logits.argmax(axis=1).tolist()
        for row, (request, tokens) in enumerate(work):
            request.fed += len(tokens)
            if request.fed == len(request.prompt) + len(request.made):
                self._advance(request, logits[row], likeliest[row])
        return True

    def _check(self, request: Request) -> None:
        model, length = self.model, len(request.prompt)
        if not length:
            raise ValueError("the prompt is empty")
        if not all(0 <= token < model.vocabulary for token in request.prompt):
            raise ValueError(f"token ids must be from 0 to {model.vocabulary - 1}")
        room = min(model.context, (model.pages - 1) * model.page)
        if length >= room:
            raise ValueError(f"the prompt has {length} tokens, this model takes {room - 1}")
        request.limit = max(1, min(request.limit, room - length))

    # ------------------------------------------------------------------ letting in
    def _admit(self) -> None:
        while self.waiting and self._make_room(self.waiting.first()):
            request = self.waiting.take()
            self._place(request)
            self.running.append(request)

    def _make_room(self, request: Request) -> bool:
        """Whether the request fits now; kept prefixes go, the oldest first, until it does."""
        needed = self._pages(len(request.prompt) + request.limit) + 1
        promised = sum(
            self._pages(len(each.prompt) + each.limit) + 1 - self._pages(each.fed)
            for each in self.running
        )
        while self.model.free_pages - promised < needed or not self._free:
            if not self._kept:
                return False
            self._drop(next(iter(self._kept)))
        return True

    def _pages(self, tokens: int) -> int:
        return -(-tokens // self.model.page)

    def _place(self, request: Request) -> None:
        request.sequence = self._free.pop()
        parent, length = self._best_prefix(request.prompt)
        if length < self.model.page:
            self.model.add(request.sequence)
            return
        self.model.fork(parent, request.sequence, length)
        request.fed = request.reused = length
        if parent in self._kept:
            self._kept.move_to_end(parent)

    def _best_prefix(self, prompt: list[int]) -> tuple[int, int]:
        """The sequence that begins most like the prompt, and how far; the last token is run."""
        known = [*self._kept.items()]
        known += [(each.sequence, (each.prompt + each.made)[: each.fed]) for each in self.running]
        best = max(
            ((_common(tokens, prompt), sequence) for sequence, tokens in known), default=(0, -1)
        )
        return best[1], min(best[0], len(prompt) - 1)

    # ------------------------------------------------------------------ steps
    def _work(self) -> Iterator[tuple[Request, list[int]]]:
        """What goes into this step: answers first, then prompts while the chunk has room."""
        room = self.model.chunk
        prompts = []
        for request in self.running:
            pending = request.pending
            if len(pending) == 1:
                room -= 1
                yield request, pending
            else:
                prompts.append((request, pending))
        for request, pending in prompts:
            if room <= 0:
                return
            yield request, pending[:room]
            room -= len(pending[:room])

    def _advance(self, request: Request, logits: Array, likeliest: int) -> None:
        try:
            token = _chosen(request, logits, likeliest)
            request.made.append(token)
            going = request.token(token)
        except Exception as error:
            self._finish(request, f"error: {error}")
            return
        if not going:
            self._finish(request, "stop")
        elif len(request.made) >= request.limit:
            self._finish(request, "length")

    def _finish(self, request: Request, reason: str) -> None:
        self.running.remove(request)
        self._kept[request.sequence] = (request.prompt + request.made)[: request.fed]
        request.ended(reason)

    def _drop(self, sequence: int) -> None:
        del self._kept[sequence]
        self.model.remove(sequence)
        self._free.append(sequence)

    def _fail_all(self, reason: str) -> None:
        failed, self.running = self.running, []
        self.model.clear()
        self._kept.clear()
        self._free = list(range(self.model.sequences))[::-1]
        for request in failed:
            request.ended(f"error: {reason}")


def _chosen(request: Request, logits: Array, likeliest: int) -> int:
    allowed = request.allowed()
    if allowed is None and request.sampler.plain:
        return likeliest
    return request.sampler.choose(logits, allowed)


def _common(left: Sequence[int], right: Sequence[int]) -> int:
    for index, (one, other) in enumerate(zip(left, right, strict=False)):
        if one != other:
            return index
    return min(len(left), len(right))
