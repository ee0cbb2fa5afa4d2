"""Errors as RFC 9457 problem details."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import ExceptionHandlersMap

from edge_agent.security.authorise import Forbidden
from schemas.api import ProblemDetails, UserProblem
from schemas.problem import Problem, UserError

MEDIA_TYPE = "application/problem+json"

_MEANINGS = {
    404: "nothing is served at this path; `/schema` lists what is",
    405: "this path takes another method; `/schema` lists them",
    413: "the body is too large: a request may have 1 MiB, messages 16 MiB",
}

_NO_BODY = "'data'"
"""What Litestar says where a body is missing: the argument that has no value."""

log = logging.getLogger(__name__)


def details(status: int, detail: str, problems: list[UserProblem] | None = None) -> ProblemDetails:
    """A problem whose title is the status's own phrase."""
    return ProblemDetails(status, HTTPStatus(status).phrase, detail, problems=problems or [])


def user_problem(problem: Problem) -> UserProblem:
    """A user's mistake as the API shows it."""
    at = problem.at
    return UserProblem(problem.text, at.file, at.line, at.column, problem.hint, problem.severity)


def handlers() -> ExceptionHandlersMap:
    """What Litestar calls for each kind of error."""
    return {
        ValidationException: _invalid,
        HTTPException: _refused,
        UserError: _mistaken,
        Forbidden: lambda _, error: _answer(details(403, str(error))),
        LookupError: lambda _, error: _answer(details(404, _text(error))),
        TimeoutError: lambda _, error: _answer(details(504, _text(error) or "took too long")),
        OSError: lambda _, error: _answer(details(503, _text(error))),
        Exception: _broken,
    }


def _invalid(_: Request[Any, Any, Any], error: ValidationException) -> Response[ProblemDetails]:
    extra = error.extra if isinstance(error.extra, list) else []
    problems = [UserProblem(_place(found)) for found in extra if isinstance(found, Mapping)]
    return _answer(details(400, error.detail, problems))


def _place(found: Mapping[str, Any]) -> str:
    if found.get("message") == _NO_BODY:
        return "a JSON body is needed"
    source = getattr(found.get("source"), "value", found.get("source", ""))
    where = " ".join(str(part) for part in (source, found.get("key")) if part)
    return f"{where}: {found.get('message', '')}" if where else str(found.get("message", ""))


def _refused(_: Request[Any, Any, Any], error: HTTPException) -> Response[ProblemDetails]:
    said = error.detail != HTTPStatus(error.status_code).phrase
    detail = error.detail if said else _MEANINGS.get(error.status_code, "")
    return _answer(details(error.status_code, detail), error.headers)


def _mistaken(_: Request[Any, Any, Any], error: UserError) -> Response[ProblemDetails]:
    problems = [user_problem(problem) for problem in error.problems]
    return _answer(details(422, error.problems[0].text if problems else str(error), problems))


def _broken(request: Request[Any, Any, Any], error: Exception) -> Response[ProblemDetails]:
    log.error("request failed", exc_info=error, extra={"path": request.url.path})
    return _answer(details(500, "a fault of hearthflow itself; its log has the traceback"))


def _text(error: Exception) -> str:
    return str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)


def _answer(
    problem: ProblemDetails, headers: Mapping[str, str] | None = None
) -> Response[ProblemDetails]:
    return Response(
        problem, status_code=problem.status, media_type=MEDIA_TYPE, headers=dict(headers or {})
    )
