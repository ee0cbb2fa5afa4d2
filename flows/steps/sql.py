"""The step `sql`: ask the history."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar

from msgspec import Meta

from pipelines.registry import step
from pipelines.scope import Scope
from pipelines.step import Await, Step, StepFailed, StepFn, Steps
from pipelines.tools import Tools

_NOW = re.compile(r"\$now\b")


@step
class Sql(Step, frozen=True):
    """Ask the ledger in SQL, read-only: `readings`, `events`, `runs`, `steps`, `devices`.

    Values go in as parameters, `$NAME` in the query; `$now` is the present. Result: `rows`, a
    list of mappings.
    """

    main: ClassVar[str] = "query"

    query: Annotated[str, Meta(description="One SELECT in DuckDB's SQL.")]
    params: Annotated[
        dict[str, Any] | None, Meta(description="Values of `$NAME`; may be expressions.")
    ] = None

    def compile(self, tools: Tools) -> StepFn:
        """Parse the parameters."""
        if "{{" in self.query:
            tools.problem(
                "expressions are not put into SQL",
                "query",
                "write `$name` there and `params: {name: …}` beside it",
            )
        params_of = tools.template(self.params or {}, "params")
        ask, now, query = tools.ports.outside.query, tools.ports.clock.now, self.query
        dated, path = _NOW.search(query) is not None, tools.path

        def sql(scope: Scope) -> Steps:
            params = dict(params_of(scope))
            scope.notes(path).inputs = {"params": params} if params else {}
            if dated:
                params.setdefault("now", datetime.fromtimestamp(now(), UTC))
            try:
                rows = yield Await(ask(query, params))
            except (OSError, LookupError, ValueError) as error:
                raise StepFailed(str(error)) from error
            return {"rows": rows}

        return sql
