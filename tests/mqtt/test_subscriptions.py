"""Which filters cover which, and what is left to subscribe to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.channels.subscriptions import Copies, covers, crossing, identifier, merged


@pytest.mark.parametrize(
    ("wide", "narrow", "expected"),
    [
        ("#", "a/b", True),
        ("#", "+/b/#", True),
        ("a/#", "a", True),
        ("a/#", "a/+/c", True),
        ("a/+", "a/b", True),
        ("a/+", "a/#", False),
        ("a/+", "a", False),
        ("+", "a/b", False),
        ("+/+", "/", True),
        ("a/b", "a/b", True),
        ("a/b", "a/+", False),
        ("#", "$SYS/x", False),
        ("+/x", "$SYS/x", False),
        ("$SYS/#", "$SYS/x", True),
    ],
)
def test_covering_follows_the_rules_of_matching(wide: str, narrow: str, expected: bool) -> None:
    assert covers(wide, narrow) is expected


def test_a_covered_filter_leaves_its_qos_with_the_wider_one() -> None:
    wanted = {"a/#": 0, "a/+/c": 1, "a/b/c": 2, "b": 1, "+/z/#": 0, "a/z/y": 1}
    assert merged(wanted) == {"a/#": 2, "b": 1, "+/z/#": 1}


levels = st.sampled_from(["a", "b", "", "+"])
filters = st.tuples(st.lists(levels, min_size=1, max_size=4), st.booleans()).map(
    lambda parts: "/".join([*parts[0], "#"] if parts[1] else parts[0])
)
topics = st.lists(st.sampled_from(["a", "b", ""]), min_size=1, max_size=5).map("/".join)


@given(st.dictionaries(filters, st.integers(0, 2), max_size=6), topics)
def test_what_is_left_delivers_everything_that_was_wanted(
    wanted: dict[str, int], topic: str
) -> None:
    before = [qos for name, qos in wanted.items() if covers(name, topic)]
    after = [qos for name, qos in merged(wanted).items() if covers(name, topic)]
    assert bool(before) == bool(after)
    assert max(before, default=0) <= max(after, default=0)


@given(st.dictionaries(filters, st.integers(0, 2), max_size=6), topics)
def test_filters_that_share_a_topic_are_known_and_have_one_qos(
    wanted: dict[str, int], topic: str
) -> None:
    kept = merged(wanted)
    meeting = {name for name in kept if covers(name, topic)}
    crossed = crossing(kept)
    if len(meeting) > 1:
        assert meeting <= crossed.keys()
        assert len({crossed[name] for name in meeting}) == 1
    assert all(crossed[name] >= kept[name] for name in crossed)


def test_filters_apart_are_left_alone() -> None:
    assert crossing({"a/+": 0, "b/#": 1, "a/b/c": 0, "$SYS/#": 0}) == {}
    assert crossing({"a/+/c": 0, "a/b/+": 1, "x/#": 2}) == {"a/+/c": 1, "a/b/+": 1}


def test_a_thousand_filters_are_merged_at_once() -> None:
    wanted = {f"zigbee2mqtt/sensor_{i}/+": 0 for i in range(2_000)}
    wanted |= {f"zigbee2mqtt/sensor_{i}/a": 1 for i in range(2_000)}
    assert len(merged(wanted)) == 2_000
    assert crossing(merged(wanted)) == {}


def test_identifiers_fit_the_protocol() -> None:
    assert all(1 <= identifier(f"a/{i}/+") <= 268_435_455 for i in range(100))


def test_copies_are_told_from_equal_messages() -> None:
    copies = Copies()
    told = [copies.again("t", b"x", s) for s in (1, 2, 3, 1, 2, 3, 2)]
    assert told == [False, True, True, False, True, True, False]
    assert not copies.again("t", b"y", 3)
    assert not copies.again("u", b"y", 1)
