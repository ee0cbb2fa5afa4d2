"""Words for devices and areas are matched with what the home calls them."""

from __future__ import annotations

from typing import Any

import pytest

from edge_agent.intents.match import Known, Matched, match

HOME = [
    Known("Reading Lamp", ["Leselampe"], "Living Room"),
    Known("kitchen_ceiling", ["Ceiling Light"], "Kitchen"),
    Known("bath_ceiling", ["Ceiling Light"], "Bathroom"),
    Known("Kaffeemaschine", [], "Küche"),
    Known("Garage Door", [], "Garage"),
    Known("Rollos Süd", [], "Büro"),
    Known("客厅落地灯", ["落地灯"], "客厅"),
]


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("reading lamp", "Reading Lamp"),
        ("readinglamp", "Reading Lamp"),
        ("reading lamps", "Reading Lamp"),
        ("raeding lamp", "Reading Lamp"),
        ("leselampen", "Reading Lamp"),
        ("kaffemaschine", "Kaffeemaschine"),
        ("rollos sued", "Rollos Süd"),
        ("garage", "Garage Door"),
        ("落地灯", "客厅落地灯"),
    ],
)
def test_a_device_goes_by_its_names(said: str, name: str) -> None:
    assert match({"device": said}, HOME).device == name


@pytest.mark.parametrize(
    ("said", "area"),
    [("living room", "Living Room"), ("kueche", "Küche"), ("büros", "Büro"), ("客厅", "客厅"),
     ("livng room", "Living Room")],
)  # fmt: skip
def test_an_area_goes_by_its_name(said: str, area: str) -> None:
    assert match({"area": said}, HOME).area == area


def test_of_several_devices_the_one_in_the_area_is_meant() -> None:
    found = match({"device": "ceiling light", "area": "kitchen"}, HOME)
    assert found == Matched("kitchen_ceiling", "Kitchen")


def test_devices_that_fit_equally_well_are_told() -> None:
    found = match({"device": "ceiling light"}, HOME)
    assert found == Matched(None, None, ["kitchen_ceiling", "bath_ceiling"])


@pytest.mark.parametrize(
    "slots", [{}, {"domain": "light"}, {"device": "toaster"}, {"area": "attic"}, {"device": ""}]
)
def test_what_the_home_does_not_know_is_not_matched(slots: dict[str, Any]) -> None:
    assert match(slots, HOME) == Matched()
    assert match(slots, []) == Matched()
