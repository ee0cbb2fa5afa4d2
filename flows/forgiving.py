"""Triggers look at the world before there is a run that could fail: they must not raise."""

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from pipelines.step import StepFailed

_log = logging.getLogger(__name__)

T = TypeVar("T")


def forgiving(function: Callable[..., T], otherwise: T) -> Callable[..., T]:
    """The function, answering `otherwise` where an expression in it has no value.

    The reason is logged when it is a new one, not for every event.
    """
    told = ""

    def forgiven(*args: Any) -> T:
        nonlocal told
        try:
            return function(*args)
        except StepFailed as error:
            if str(error) != told:
                told = str(error)
                _log.warning("a trigger could not be looked at", extra={"reason": told})
            return otherwise

    return forgiven
