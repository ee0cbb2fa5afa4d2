"""What the registry is told at the start: the last value of every property, however it is kept."""

from pathlib import Path

from tests.ledger.made import change, event, ledger_at


async def test_the_last_value_of_every_property_is_found_again(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path)
    kept = {"temperature": 21.5, "state": "on", "color_rgb": [1, 2, 3], "contact": False, "n": 7}
    for round_, scale in enumerate((2, 1)):
        at = 1_800_000_000.0 + round_
        values = {**kept, "temperature": 21.5 * scale}
        ledger.message(event("t", at), [change(name, value, at) for name, value in values.items()])
    await ledger.flush()
    assert {each.property: each.value for each in ledger.latest()} == kept
    await ledger.close()


async def test_large_texts_of_many_properties_fit_into_little_memory(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path, memory="40MB")
    texts = {f"p{number}": "x" * 3_000 for number in range(500)}
    ledger.message(event("large"), [change(name, value) for name, value in texts.items()])
    await ledger.flush()
    assert {each.property: each.value for each in ledger.latest()} == texts
    await ledger.close()


async def test_text_that_is_no_unicode_does_not_stop_the_start(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path)
    ledger.message(event("t"), [change("name", "\ud800")])
    await ledger.flush()
    assert [each.value for each in ledger.latest()] == ["?"]
    await ledger.close()
