"""Identity and repeats: examples, and a model with every kind of trouble."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.channels.inbox import Inbox
from tests.mqtt.line import Books
from tests.mqtt.model_broker import Pick, World

TROUBLE = ["read", "read", "read", "commit", "listen", "listen", "ping", "reconnect", "start"]
PICKS: dict[str, Pick] = {
    "lowest": min,
    "highest": max,
    "cycling": lambda free: free[len(free) // 2],
}


def played(script: list[str], pick: str, window: int, generation: int, unique: bool) -> World:
    """A world after a script: a digit publishes, a word is something that happens."""
    world = World(PICKS[pick], window, generation)
    for word in script:
        if word in "012":
            world.publish(b"%d" % len(world.published) if unique else word.encode())
        else:
            getattr(world, word)()
    world.settle()
    return world


scripts = st.lists(st.sampled_from(["0", "1", "2", "0", "0", *TROUBLE]), max_size=120)
worlds = st.tuples(
    scripts, st.sampled_from(sorted(PICKS)), st.integers(1, 4), st.sampled_from([2, 5, 65_536])
)


@settings(max_examples=300, deadline=None)
@given(worlds)
def test_every_event_runs_and_a_committed_one_never_again(
    world: tuple[list[str], str, int, int],
) -> None:
    after = played(*world, unique=True)
    runs = Counter(number for number, _ in after.executed)
    commits = Counter(number for number, _ in after.committed)
    assert set(runs) == set(range(len(after.published)))
    assert all(count == 1 for count in commits.values())


@settings(max_examples=300, deadline=None)
@given(worlds)
def test_an_event_that_runs_again_keeps_its_id(world: tuple[list[str], str, int, int]) -> None:
    after = played(*world, unique=True)
    ids = set(after.executed)
    assert len(ids) == len(after.published)


@settings(max_examples=300, deadline=None)
@given(worlds)
def test_equal_messages_get_distinct_ids(world: tuple[list[str], str, int, int]) -> None:
    after = played(*world, unique=False)
    assert len(set(after.books.ids)) == len(after.books.ids)
    assert len({number for number, _ in after.committed}) == len(after.committed)


@settings(max_examples=300, deadline=None)
@given(worlds)
def test_only_the_twin_of_an_event_that_just_ran_can_be_taken_for_a_repeat(
    world: tuple[list[str], str, int, int],
) -> None:
    after = played(*world, unique=False)
    ran = {number for number, _ in after.executed}
    for sent in after.published:
        if sent.number not in ran:
            twins = [s for s in after.published[: sent.number] if s.number in ran]
            assert any((s.payload, s.packet_id) == (sent.payload, sent.packet_id) for s in twins)


def test_ids_are_version_8_uuids_and_depend_on_the_client() -> None:
    one = Inbox("a", Books()).identify(1, "t", b"x", 0, 1)
    other = Inbox("b", Books()).identify(1, "t", b"x", 0, 1)
    assert one != other
    for identity in (one, other, Inbox("a", Books()).unique()):
        assert identity >> 76 & 0xF == 8
        assert identity >> 62 & 0x3 == 2


def test_topic_and_payload_are_told_apart() -> None:
    inbox = Inbox("a", Books())
    assert inbox.identify(1, "a", b"b c", 0, 1) != inbox.identify(1, "a b", b"c", 0, 2)


def test_a_new_session_forgets_what_was_unproven() -> None:
    inbox = Inbox("a", Books())
    inbox.identify(1, "t", b"x", 0, 1)
    inbox.forget_session()
    assert inbox.unproven == 0
    assert inbox.identify(1, "t", b"x", 8, 2)


def test_equal_messages_get_new_ids_after_a_restart_too() -> None:
    books = Books()
    inbox = Inbox("a", books)
    books.ids = [inbox.identify(1, "t", b"ON", 0, n) for n in range(20_000)]
    again = Inbox("a", books)
    identity = again.identify(1, "t", b"ON", 0, 1)
    assert identity not in books.ids
