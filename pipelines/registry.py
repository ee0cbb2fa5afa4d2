"""The components there are: filled by decorators when a component folder is imported."""

import importlib
import pkgutil
import re
from types import ModuleType
from typing import TypeVar

from pipelines.component import Component

C = TypeVar("C", bound=type[Component])

TRIGGERS: dict[str, type[Component]] = {}
CONDITIONS: dict[str, type[Component]] = {}
STEPS: dict[str, type[Component]] = {}


def component_name(cls: type) -> str:
    """The snake_case key users write: `WaitFor` is `wait_for`, `If_` would be `if`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__.rstrip("_")).lower()


def trigger(cls: C) -> C:
    """Register a trigger under the snake_case of its class name."""
    TRIGGERS[component_name(cls)] = cls
    return cls


def condition(cls: C) -> C:
    """Register a condition under the snake_case of its class name."""
    CONDITIONS[component_name(cls)] = cls
    return cls


def step(cls: C) -> C:
    """Register a step under the snake_case of its class name."""
    STEPS[component_name(cls)] = cls
    return cls


def load(*packages: ModuleType) -> None:
    """Import every module of the packages, so that their components register themselves."""
    for package in packages:
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
