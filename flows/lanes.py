"""The pipelines in service: how they come, change and go, and take up what was left."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from flows.caution import MOST_DEATHS, Caution
from flows.lane import Host, Lane
from flows.left_over import kept_runs, pending
from flows.slots import SlotStore
from pipelines.plan import Plan
from pipelines.ports import Clock


class Lanes:
    """`live` are the lanes in service by pipeline, `retired` those that are not and whose runs
    still go on. `host_of` says who lets a plan act."""

    def __init__(self, host: Host, store: SlotStore, clock: Clock) -> None:
        self.live: dict[str, Lane] = {}
        self.retired: dict[str, Lane] = {}
        self.host_of: Callable[[Plan], Host] = lambda plan: host
        self.caution = Caution(store.view("engine/taking-up"), pending(store), clock)
        self._store = store

    def __iter__(self) -> Iterator[Lane]:
        """Every lane."""
        return iter((*self.live.values(), *self.retired.values()))

    def put(self, plans: Sequence[Plan]) -> list[Lane]:
        """Have these plans in service and no others; the lanes that are new."""
        for identity in self.live.keys() - {plan.id for plan in plans}:
            self._retire(identity)
        return [lane for plan in plans if (lane := self._serve(plan)) is not None]

    def _serve(self, plan: Plan) -> Lane | None:
        """Put one plan in service; its lane when that is a new one."""
        lane = self.live.get(plan.id)
        if lane is not None and lane.plan.version == plan.version:
            lane.plan = plan
            return None
        known, host = lane or self.retired.pop(plan.id, None), self.host_of(plan)
        if not plan.shadow and self._store.kept(f"shadow/{plan.id}"):
            self._store.release(f"shadow/{plan.id}")
        kept = self._store.view(f"pipeline/{plan.id}")
        if known is not None and known.plan.enabled != plan.enabled:
            kept.drop("enabled")  # who edits the file means it
        lane = self.live[plan.id] = known or Lane(plan, host)
        lane.enabled = plan.enabled if kept.get("enabled") is None else bool(kept.get("enabled"))
        if known is None:
            lane.arm()
            return lane
        lane.host = host
        lane.change(plan)
        return None

    def _retire(self, identity: str) -> None:
        lane = self.live.pop(identity)
        lane.retire()
        self.retired = {name: old for name, old in self.retired.items() if old.active}
        if lane.active:
            self.retired[identity] = lane

    def take_up(self, fresh: Sequence[Lane], former: Sequence[Plan]) -> None:
        """Have new lanes go on with the runs that the ledger has kept for them; `former` are the
        versions those began with."""
        lanes = {lane.plan.id: lane for lane in fresh}
        for plan in former:
            if plan.id not in self.live and plan.id not in self.retired:
                self.retired[plan.id] = lanes[plan.id] = Lane(plan, self.host_of(plan))
            if (lane := lanes.get(plan.id)) is not None:
                lane.former[plan.version] = plan
        self.caution.keep(self.live | self.retired)
        kept = kept_runs(self._store)
        for name, lane in lanes.items():
            self._take_up(name, lane, kept.get(name, []))

    def _take_up(self, name: str, lane: Lane, runs: list[dict[str, Any]]) -> None:
        lane.expected = {run["version"] for run in runs}
        if (deaths := self.caution.deaths(name)) >= MOST_DEATHS:
            lane.give_up(runs, deaths)
            self.caution.forget(name)
        elif runs or self._store.view(f"queue/{name}").keys():
            lane.has_left_runs = True
            begin = partial(lane.take_up_all, runs)
            self.caution.take_up(name, begin, lambda: lane.is_acting)
