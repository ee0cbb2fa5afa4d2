"""What Home Assistant's automations become: the text where a case shows it, and what it does."""

import functools
from typing import Any

import pytest

from flows.rehearsal import BERLIN
from pipelines import nowhere
from tests.flows.rehearsing import read, rehearse
from tests.importers.cases import cases, compiled, imported


@functools.cache
def _cases() -> list[tuple[str, dict[str, Any]]]:
    return list(cases())


@pytest.mark.parametrize("case", [case for _, case in _cases()], ids=[n for n, _ in _cases()])
def test_an_import_becomes_and_does_what_its_case_says(case: dict[str, Any]) -> None:
    made = imported(case)
    gaps = [str(gap) for each in made.pipelines for gap in each.gaps]
    gaps += [str(gap) for gap in made.left_out]
    wanted = case.get("gaps", [])
    assert len(gaps) == len(wanted), gaps
    assert all(any(part in gap for gap in gaps) for part in wanted), gaps
    if "becomes" in case:
        texts = [each.text for each in made.pipelines]
        assert case["becomes"] == "\n".join(texts)
    told = [problem.text for problem in compiled(made, nowhere.ports(BERLIN))[1]]
    assert told == case.get("problems", []), "\n".join(each.text for each in made.pipelines)
    if "script" in case:
        kept = {key: case[key] for key in case.keys() & {"name", "given", "script", "stub"}}
        rehearse(read(kept), lambda ports: compiled(made, ports)[0])
