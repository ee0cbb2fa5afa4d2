"""One call of a service: what it is told, and which entities, devices or areas it is for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from pipelines.importers.home_assistant.entities import Known
from pipelines.importers.home_assistant.page import Page
from pipelines.importers.home_assistant.unsupported import Unsupported
from pipelines.importers.home_assistant.values import is_template, items, listed, name_of

_PLACES = ("entity_id", "device_id", "area_id", "label_id", "floor_id")


class Call(Struct, frozen=True):
    """A call of `domain.verb` with its data, still in Home Assistant's words.

    `targets` are selectors of `device:` (a name, a list, an area, an expression) for those that are
    told directly, `entities` those that stand for other things.
    """

    domain: str
    verb: str
    data: Mapping[str, Any]
    entities: Sequence[Known]
    selectors: Sequence[Any]
    page: Page

    @property
    def name(self) -> str:
        """`light.turn_on`."""
        return f"{self.domain}.{self.verb}"

    def value(self, key: str, default: Any = None) -> Any:
        """A value of the data with its templates in our words."""
        return self.page.value(self.data.get(key, default))


Steps = list[Any]
Service = Callable[[Call], Steps]


def call_of(name: str, tree: Mapping[str, Any], page: Page) -> Call:
    """The call a step makes; its data may stand under three keys, its targets too."""
    domain, _, verb = name.strip().lower().partition(".")
    data: dict[str, Any] = {}
    for key in ("data_template", "service_data", "data"):
        given = tree.get(key)
        if isinstance(given, Mapping):
            data |= given
        elif given not in (None, ""):
            raise Unsupported(f"`{key}` must be a mapping")
    target = tree.get("target")
    places = {key: data.pop(key) for key in _PLACES if key in data}
    places |= {key: tree[key] for key in _PLACES if key in tree}
    if isinstance(target, Mapping):
        places |= {key: value for key, value in target.items() if key in _PLACES}
    elif is_template(target):
        raise Unsupported("the target is computed as a whole")
    entities, selectors = _entities(places.get("entity_id"), domain, page)
    return Call(domain, verb, data, entities, [*selectors, *_selectors(places, page)], page)


def _entities(value: Any, domain: str, page: Page) -> tuple[list[Known], list[Any]]:
    """The entities named, and the expressions that name others."""
    names, selectors = [], []
    for each in listed(value):
        if is_template(each):
            selectors.append(page.targets(str(each)))
        elif str(each).lower() == "all":
            names += _every(domain, page)
        elif str(each).lower() != "none":
            names.append(str(each))
    return (page.entities(names) if names else []), selectors


def _every(domain: str, page: Page) -> list[str]:
    """All entities of a domain that the table knows."""
    found = sorted(e for e in page.house.table.entities if e.startswith(f"{domain}."))
    if not found:
        raise Unsupported(f"which are all the {domain} entities is not known")
    return found


def _selectors(places: Mapping[str, Any], page: Page) -> Iterator[Any]:
    for device in listed(places.get("device_id")):
        if is_template(device):
            raise Unsupported("a device whose id is computed")
        yield page.house.named("devices", str(device), f"device_{name_of(str(device), '_')[:8]}")
    for area in listed(places.get("area_id")):
        yield page.text(area) if is_template(area) else {"area": str(area)}
    for label in listed(places.get("label_id")):
        yield {"label": f"{label}=true"}
    if items(places.get("floor_id")):
        raise Unsupported("floors are not known here: name areas")


def expanded(entities: Sequence[Known], page: Page) -> list[Known]:
    """The entities with the members of groups in place of the groups."""
    found: list[Known] = []
    for known in entities:
        members = known.target.entities
        found += expanded(page.entities(members), page) if members else [known]
    return found
