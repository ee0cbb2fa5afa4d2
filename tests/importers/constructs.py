"""The constructs that people use, by how often, and what the cases say of each.

`python -m tests.importers.constructs` prints them as a table.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pipelines.source import Reader
from tests.importers.cases import cases

FILE = Path(__file__).parents[1] / "cases" / "importers" / "constructs.yaml"


class Construct(NamedTuple):
    """One construct: how often it was counted, the cases that prove it, or why there is none."""

    section: str
    kind: str
    uses: int
    why: str
    proofs: list[str]

    @property
    def name(self) -> str:
        """`triggers/state`."""
        return f"{self.section}/{self.kind}"


def constructs() -> Iterator[Construct]:
    """Every construct that was counted."""
    proofs = _proofs()
    for section, kinds in _counted().items():
        for kind, entry in kinds.items() if isinstance(kinds, dict) else ():
            counted = entry if isinstance(entry, dict) else {"uses": entry}
            found = proofs.get(f"{section}/{kind}", [])
            yield Construct(section, kind, counted["uses"], counted.get("why", ""), found)


def beyond() -> set[str]:
    """Constructs that cases prove besides those counted."""
    return set(_counted()["beyond"])


def share(found: list[Construct]) -> float:
    """The share of occurrences that are supported."""
    supported = sum(each.uses for each in found if not each.why)
    return supported / sum(each.uses for each in found)


def _counted() -> dict:  # type: ignore[type-arg]
    reader = Reader()
    tree = reader.load(FILE)
    assert not reader.problems, reader.problems
    return tree  # type: ignore[no-any-return]


def _proofs() -> dict[str, list[str]]:
    proofs: dict[str, list[str]] = {}
    for name, case in cases():
        for construct in case.get("proves", ()):
            proofs.setdefault(construct, []).append(name)
    return proofs


def table() -> Iterator[str]:
    """The table, section by section."""
    every = list(constructs())
    yield f"{share(every):.1%} of {sum(each.uses for each in every):,} occurrences are supported.\n"
    for section in dict.fromkeys(each.section for each in every):
        found = [each for each in every if each.section == section]
        yield f"\n| {section} | uses | {share(found):.1%} supported |\n|---|---|---|\n"
        for each in found:
            yield f"| {each.kind} | {each.uses} | {f'no: {each.why}' if each.why else 'yes'} |\n"


if __name__ == "__main__":
    sys.stdout.writelines(table())
