"""Which version of each pipeline is to be in force, when some files are bad."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import Struct

from pipelines.library import File, Part
from pipelines.links import Linked, link
from pipelines.plan import Plan
from schemas.problem import Problem


class Selection(Struct, frozen=True):
    """`plans` are what is to be in force. `parts` are those taken from files by id, `origins` the
    files they came from, `kept` the ids whose version in force goes on; `quarantined` the files
    not taken, `problems` what is wrong between files."""

    plans: Sequence[Plan] = ()
    parts: Mapping[str, Part] = {}
    origins: Mapping[str, str] = {}
    kept: frozenset[str] = frozenset()
    quarantined: frozenset[str] = frozenset()
    problems: frozenset[Problem] = frozenset()


def select(
    files: Mapping[str, File], live: Mapping[str, str], in_force: Callable[[str], Plan | None]
) -> Selection:
    """Choose among files. `live` says which pipelines are in force from which file, `in_force`
    gives such a version.

    A file with errors changes and removes nothing that is in force; what is new in it and without
    errors is taken. Of two files with the same id the one that was live has it, else the first; the
    other is quarantined too, and so is one whose pipelines name others wrongly.
    """
    choice = _Choice(files, live)
    while True:
        choice.settle_clashes()
        origins = choice.origins()
        parts = {
            part.plan.id: part for name, part in choice.claims() if origins[part.plan.id] == name
        }
        kept = {name: plan for name in choice.kept(parts) if (plan := in_force(name))}
        linked = link([*(part.plan for part in parts.values()), *kept.values()], choice.ids())
        right = {plan.id for plan in linked.plans}
        if not choice.refuse(linked, {origins[name] for name in parts.keys() - right}):
            break
    goes_on = [plan for name, plan in kept.items() if name not in right]
    return Selection(
        [*linked.plans, *goes_on],
        {name: part for name, part in parts.items() if name in right},
        origins,
        frozenset(choice.kept(parts)),
        frozenset(choice.quarantined),
        frozenset({*choice.problems, *linked.problems}),
    )


class _Choice:
    """The files that are taken so far, and what is wrong with the others."""

    def __init__(self, files: Mapping[str, File], live: Mapping[str, str]) -> None:
        self.files = files
        self.live = live
        self.quarantined = {name for name, file in files.items() if not file.good}
        self.problems: set[Problem] = set()

    def claims(self) -> Iterator[tuple[str, Part]]:
        """The pipelines files may put in force; a quarantined one only what is new."""
        for name, file in self.files.items():
            for part in file.parts:
                if name not in self.quarantined or part.plan.id not in self.live:
                    yield name, part

    def origins(self) -> dict[str, str]:
        """Who has which id: files where it is in force, then the others in order, good ones
        first."""
        live, quarantined = self.live, self.quarantined
        owners = {pipeline: name for pipeline, name in live.items() if name in quarantined}
        claims = [(name, part.plan.id) for name, part in self.claims()]
        claims.sort(key=lambda claim: (live.get(claim[1]) != claim[0], claim[0] in quarantined))
        for name, pipeline in claims:
            owners.setdefault(pipeline, name)
        return owners

    def kept(self, parts: Mapping[str, Part]) -> set[str]:
        """The pipelines whose version in force goes on, since a bad file has them."""
        held = {pipeline for name in self.quarantined for pipeline in self.files[name].ids}
        bad = {pipeline for pipeline, name in self.live.items() if name in self.quarantined}
        return (bad | held & self.live.keys()) - parts.keys()

    def ids(self) -> set[str]:
        """Every id that stands in a file."""
        return {pipeline for file in self.files.values() for pipeline in file.ids}

    def settle_clashes(self) -> None:
        """Quarantine files until no two claim the same id."""
        while clash := self._clash():
            name, problem = clash
            self.quarantined.add(name)
            self.problems.add(problem)

    def refuse(self, linked: Linked, wrong: set[str]) -> set[str]:
        """Quarantine files whose pipelines name others wrongly; those that were not before."""
        fresh = wrong - self.quarantined
        self.problems.update(p for p in linked.problems if p.severity == "error")
        self.quarantined |= fresh
        return fresh

    def _clash(self) -> tuple[str, Problem] | None:
        origins = self.origins()
        for name, file in self.files.items():
            for part in file.parts if name not in self.quarantined else ():
                owner = origins[part.plan.id]
                if owner != name:
                    text = f"a second pipeline `{part.plan.id}`"
                    return name, Problem(part.at, text, _first(self.files[owner], part))
        return None


def _first(owner: File, part: Part) -> str:
    at = owner.ids.get(part.plan.id)
    return f"the first is at {at}" if at else f"the first is in {owner.name}, which has errors"
