"""The condition `memory`: what is remembered."""

from typing import Annotated, Any, ClassVar

from msgspec import UNSET, Meta, UnsetType

from flows.matching import Match, band, one_of
from pipelines.condition import Condition
from pipelines.findings import Tell, Told
from pipelines.registry import condition
from pipelines.scope import Scope, Test
from pipelines.tools import Tools
from schemas.fields import Duration, Expression


@condition
class Memory(Condition, frozen=True):
    """Hold when a remembered value is as described.

    A key that is not set has the value null: `is: null` asks for that, and `not: true` holds. It
    is also older than any time.
    """

    main: ClassVar[str] = "key"

    key: Annotated[Expression, Meta(description="The key, as in `remember`.")]
    is_: Annotated[Any | UnsetType, Meta(description="The value: one, or a list of them.")] = UNSET
    not_: Annotated[Any | UnsetType, Meta(description="Not this value, or none of a list.")] = UNSET
    above: Annotated[float | Expression | None, Meta(description="Greater than this number.")] = (
        None
    )
    below: Annotated[float | Expression | None, Meta(description="Less than this number.")] = None
    older_than: Annotated[Duration | None, Meta(description="Last set at least this time ago.")] = (
        None
    )

    def compile(self, tools: Tools) -> Test:
        """Collect the tests of the value and of its age; without any it must be set and true."""
        key_of = tools.expression(self.key, "key")
        tests = self._tests(tools)
        age = None if self.older_than is None else tools.duration(self.older_than, "older_than")
        if not tests and age is None:
            tests = [one_of(True, tools, "is")]
        store, now = tools.ports.memory, tools.ports.clock.now

        def memory(scope: Scope) -> bool:
            key = key_of(scope)
            value = store.get(key)
            if not all(test(value, scope) for test in tests):
                return False
            since = None if age is None else store.since(key)
            return age is None or since is None or now() - since >= age(scope)

        return memory

    def tell(self, tools: Tools) -> Tell:
        """What is remembered, and how long."""
        key_of, store, now = (
            tools.expression(self.key, "key"),
            tools.ports.memory,
            tools.ports.clock,
        )
        aged = self.older_than is not None

        def tell(scope: Scope) -> Told:
            key, since = key_of(scope), store.since(key_of(scope))
            values = {f"memory('{key}')": store.get(key)}
            if aged and since is not None:
                values["seconds since it was set"] = round(now.now() - since, 1)
            return Told(values)

        return tell

    def _tests(self, tools: Tools) -> list[Match]:
        tests: list[Match] = []
        if self.is_ is not UNSET:
            tests.append(one_of(self.is_, tools, "is"))
        if self.not_ is not UNSET:
            other = one_of(self.not_, tools, "not")
            tests.append(lambda value, scope: not other(value, scope))
        if self.above is not None or self.below is not None:
            tests.append(band(self.above, self.below, tools))
        return tests
