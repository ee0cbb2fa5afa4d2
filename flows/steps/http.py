"""The step `http`: ask a web server."""

from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta

from flows.wire import to_record
from pipelines.registry import step
from pipelines.scope import Constant, Expr, Scope
from pipelines.step import Await, Step, StepFailed, StepFn, Steps
from pipelines.tools import Tools
from schemas.fields import Expression

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]

_REHEARSED = {"status": 0, "headers": {}, "body": "", "json": None}


@step
class Http(Step, frozen=True):
    """Send an HTTP request.

    Result: `status`, `headers`, `body` and `json` (null where the body is none). An answer other
    than expected fails the step. In a dry run nothing is sent and the status is 0.
    """

    main: ClassVar[str] = "url"

    url: Annotated[Expression, Meta(description="The address, with http:// or https://.")]
    method: Annotated[
        Method | None, Meta(description="GET, or POST when there is something to send.")
    ] = None
    headers: Annotated[dict[str, Any] | None, Meta(description="Header lines.")] = None
    params: Annotated[dict[str, Any] | None, Meta(description="Query parameters.")] = None
    json: Annotated[Any, Meta(description="A body sent as JSON.")] = None
    body: Annotated[Any, Meta(description="A body sent as it is; a mapping as a form.")] = None
    expect: Annotated[
        int | list[int] | None, Meta(description="The status to expect; below 400 by default.")
    ] = None

    def compile(self, tools: Tools) -> StepFn:
        """Parse the fields; what runs sends the request and looks at the status."""
        if self.json is not None and self.body is not None:
            tools.problem("`json` and `body` exclude each other", "body")
        url_of, options_of = tools.expression(self.url, "url"), self._options(tools)
        if isinstance(url_of, Constant) and not _is_address(url_of.value):
            tools.problem("an address begins with http:// or https://", "url")
        sends = self.json is not None or self.body is not None
        method = self.method or ("POST" if sends else "GET")
        good = [self.expect] if isinstance(self.expect, int) else self.expect
        request, now, path = tools.ports.outside.request, tools.ports.clock.now, tools.path

        def http(scope: Scope) -> Steps:
            url, options = url_of(scope), options_of(scope)
            noted = {"method": method, **{k: to_record(v) for k, v in options.items()}}
            if not scope.act(path, "http", url, noted, now()):
                return dict(_REHEARSED)
            try:
                answer = yield Await(request(method, url, **options))
            except (OSError, LookupError, ValueError) as error:
                raise StepFailed(f"{method} {url}: {error}") from error
            if answer["status"] not in good if good else answer["status"] >= 400:
                raise StepFailed(f"{method} {url} was answered with {answer['status']}")
            return dict(answer)

        return http

    def _options(self, tools: Tools) -> Expr:
        given = {
            name: tools.template(value, name)
            for name in ("headers", "params", "json", "body")
            if (value := getattr(self, name)) is not None
        }
        return lambda scope: {name: value(scope) for name, value in given.items()}


def _is_address(url: Any) -> bool:
    return isinstance(url, str) and url.startswith(("http://", "https://"))
