"""Nearly everything that people's automations are made of can be imported, and a case proves it."""

from tests.importers.cases import cases
from tests.importers.constructs import beyond, constructs, share

EVERY = list(constructs())


def test_every_construct_is_proved_by_a_case_or_says_why_not() -> None:
    assert not [each.name for each in EVERY if bool(each.why) == bool(each.proofs)]


def test_cases_prove_only_constructs_that_exist() -> None:
    known = {each.name for each in EVERY} | beyond()
    named = {name for _, case in cases() for name in case.get("proves", ())}
    assert not named - known


def test_what_proves_a_construct_is_played() -> None:
    idle = [name for name, case in cases() if case.get("proves") and "script" not in case]
    assert not idle


def test_a_case_that_proves_leaves_nothing_of_it_out() -> None:
    known = {"triggers: a start; nothing runs at the end", "domains: a script that has ended"}
    leaky = {name for name, case in cases() if case.get("proves") and case.get("gaps")}
    assert leaky <= known


def test_at_least_95_percent_of_occurrences_are_supported() -> None:
    assert share(EVERY) >= 0.95
    for section in {each.section for each in EVERY}:
        found = [each for each in EVERY if each.section == section]
        assert share(found) >= 0.95, section
