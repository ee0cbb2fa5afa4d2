"""Every component is documented and has cases."""

from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec
import pytest

import tests.flows.rehearsing  # noqa: F401 (loads the components)
from pipelines.component import Component
from pipelines.registry import CONDITIONS, STEPS, TRIGGERS

CASES = Path(__file__).parents[2] / "cases"
EVERY = [
    (kind, name, component)
    for kind, registry in (("triggers", TRIGGERS), ("conditions", CONDITIONS), ("steps", STEPS))
    for name, component in registry.items()
]
IDS = [f"{kind}/{name}" for kind, name, _ in EVERY]


@pytest.mark.parametrize(("kind", "name", "component"), EVERY, ids=IDS)
def test_a_component_has_a_manual_page(kind: str, name: str, component: type[Component]) -> None:
    assert component.__doc__
    assert component.__doc__ != Component.__doc__
    assert component.__doc__.splitlines()[0].endswith(".")


@pytest.mark.parametrize(("kind", "name", "component"), EVERY, ids=IDS)
def test_each_field_says_what_it_is(kind: str, name: str, component: type[Component]) -> None:
    hints = get_type_hints(component, include_extras=True)
    for field in msgspec.structs.fields(component):
        assert any(_description(meta) for meta in get_args(hints[field.name])[1:]), field.name


@pytest.mark.parametrize(("kind", "name", "component"), EVERY, ids=IDS)
def test_a_component_has_cases(kind: str, name: str, component: type[Component]) -> None:
    assert (CASES / kind / f"{name}.yaml").is_file()


def test_no_case_is_left_behind() -> None:
    files = {
        f"{path.parent.name}/{path.stem}"
        for k in ("triggers", "conditions", "steps")
        for path in (CASES / k).glob("*.yaml")
    }
    assert files == set(IDS)


def _description(meta: Any) -> str:
    return getattr(meta, "description", None) or ""
