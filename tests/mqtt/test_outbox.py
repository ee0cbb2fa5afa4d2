"""The outgoing queue: order, limits, and what is left after a kill or on a bad disk."""

import errno
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.channels.journal import Journal
from edge_agent.channels.outbox import Letter, Outbox
from tests.disks import SmallDisk


def letters(box: Outbox) -> list[bytes]:
    """Take everything that waits."""
    taken = [box.take()[1] for _ in range(len(box))]
    return [letter.payload for letter in taken if letter is not None]


def filled(folder: Path, count: int, limit: int = 1_000, qos: int = 1) -> Outbox:
    box = Outbox(folder, limit)
    for i in range(count):
        box.put(Letter("t", b"%d" % i, qos, i % 2 == 0, i))
    return box


def test_letters_leave_in_the_order_they_came(tmp_path: Path) -> None:
    box = filled(tmp_path, 100)
    box.flush()
    assert letters(box) == [b"%d" % i for i in range(100)]


def test_a_letter_comes_back_from_disk_as_it_was(tmp_path: Path) -> None:
    box = Outbox(tmp_path, 10)
    letter = Letter("größe/🌡", bytes(range(256)), 2, True, (1 << 128) - 1)
    box.put(letter)
    box.flush()
    assert Outbox(tmp_path, 10).take()[1] == letter


def test_what_was_written_outlives_a_kill_and_what_was_done_does_not_come_back(
    tmp_path: Path,
) -> None:
    box = filled(tmp_path, 10)
    box.flush()
    for number in [box.take()[0] for _ in range(4)][:3]:
        box.done(number)
    box.flush()
    assert letters(Outbox(tmp_path, 10)) == [b"%d" % i for i in range(3, 10)]


def test_a_torn_last_record_is_left_out(tmp_path: Path) -> None:
    filled(tmp_path, 3).flush()
    (segment,) = tmp_path.glob("*.seg")
    segment.write_bytes(segment.read_bytes()[:-1])
    box = Outbox(tmp_path, 10)
    assert letters(box) == [b"0", b"1"]


def test_beyond_the_limit_the_oldest_qos_0_goes_first_then_the_oldest(tmp_path: Path) -> None:
    box = Outbox(tmp_path, 4)
    for i, qos in enumerate([1, 0, 1, 0, 1, 1, 1]):
        box.put(Letter("t", b"%d" % i, qos))
    assert box.dropped == 3
    assert letters(box) == [b"2", b"4", b"5", b"6"]


def test_with_a_limit_of_none_nothing_waits(tmp_path: Path) -> None:
    box = filled(tmp_path, 3, limit=0)
    assert (len(box), box.dropped) == (0, 3)


def test_letters_that_wait_again_come_before_all_others(tmp_path: Path) -> None:
    box = filled(tmp_path, 5)
    first, second = box.take()[0], box.take()[0]
    box.rewind([first, second])
    assert letters(box) == [b"%d" % i for i in range(5)]


def test_files_go_when_all_is_done(tmp_path: Path) -> None:
    box = Outbox(tmp_path, 1_000)
    for _ in range(40):
        box.put(Letter("t", os.urandom(2**18), 1))
        box.flush()
    assert len(list(tmp_path.glob("*.seg"))) > 1
    for _ in range(40):
        box.done(box.take()[0])
    box.flush()
    assert [path.stat().st_size for path in tmp_path.glob("*.seg")] == [0]


def test_files_that_a_read_only_disk_keeps_go_when_it_lets_them(small_disk: SmallDisk) -> None:
    box = filled(small_disk.folder, 3)
    box.flush()
    for _ in range(3):
        box.done(box.take()[0])
    box.close()
    small_disk.read_only(True)
    box = Outbox(small_disk.folder, 10)
    small_disk.read_only(False)
    box.put(Letter("t", b"late", 1))
    box.flush()
    assert [path.name for path in small_disk.folder.glob("*.seg")] == ["00000002.seg"]


def test_a_full_disk_keeps_letters_in_memory_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    box = filled(tmp_path, 3)
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        box.flush()
    assert "No space" in box.problem
    box.put(Letter("t", b"3", 1))
    box.flush()
    assert box.problem == ""
    assert letters(Outbox(tmp_path, 10)) == [b"0", b"1", b"2", b"3"]


def test_a_damaged_letter_is_skipped_and_counted(tmp_path: Path) -> None:
    box = filled(tmp_path, 3)
    box.flush()
    (segment,) = tmp_path.glob("*.seg")
    data = bytearray(segment.read_bytes())
    data[len(data) // 2] ^= 1
    segment.write_bytes(data)
    assert letters(box) == [b"0", b"2"]
    assert box.dropped == 1
    assert "damaged" in box.problem


def test_what_is_written_can_be_synced_on_another_thread(tmp_path: Path) -> None:
    box = filled(tmp_path, 1)
    assert box.unsynced() is None
    box.flush()
    sync = box.unsynced()
    assert sync is not None
    box.close()
    sync()
    assert box.unsynced() is None


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(["put", "put", "take", "done", "flush", "kill"]), max_size=60))
def test_after_any_story_nothing_written_and_undone_is_missing(story: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        _play(story, Path(folder))


def _play(story: list[str], folder: Path) -> None:
    box, count = Outbox(folder, 1_000), 0
    alive: list[bytes] = []
    written: list[bytes] = []
    taken: list[tuple[int, bytes]] = []
    for word in story:
        if word == "put":
            box.put(Letter("t", b"%d" % count, count % 3))
            alive.append(b"%d" % count)
            count += 1
        elif word == "take" and len(box):
            number, letter = box.take()
            assert letter is not None
            taken.append((number, letter.payload))
        elif word == "done" and taken:
            number, payload = taken.pop(0)
            box.done(number)
            alive.remove(payload)
        elif word == "flush":
            box.flush()
            written = list(alive)
        elif word == "kill":
            box, taken = Outbox(folder, 1_000), []
            found = letters(box)
            box = Outbox(folder, 1_000)
            assert [p for p in written if p in alive and p not in found] == []
            assert found == sorted(found, key=int)
            alive = found
            written = list(found)


def test_a_journal_reads_back_what_it_wrote(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    places = journal.append([b"one", b"two" * 1_000])
    assert [journal.read(place) for place in places] == [b"one", b"two" * 1_000]
    assert list(Journal(tmp_path).records()) == [(places[0], b"one"), (places[1], b"two" * 1_000)]
