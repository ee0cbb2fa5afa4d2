"""HTTP to the agent that holds a home, over the Unix socket in its `data` folder."""

import http.client
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from edge_agent.cli.problems import Outside
from schemas.api import ProblemDetails
from schemas.problem import Position, Problem, UserError

T = TypeVar("T")
CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 600.0


class Wire:
    """Requests to one agent; every answer is decoded into the struct the API promises."""

    def __init__(self, socket_path: Path) -> None:
        self.socket_path = socket_path

    def get(self, path: str, kind: type[T], **parameters: Any) -> T:
        """GET; parameters that are None are left out."""
        given = {key: _text(value) for key, value in parameters.items() if value is not None}
        return self._ask("GET", f"{path}?{urlencode(given)}" if given else path, None, kind)

    def post(self, path: str, body: Any, kind: type[T]) -> T:
        """POST a struct as JSON."""
        return self._ask("POST", path, msgspec.json.encode(body), kind)

    def follow(self, path: str) -> Iterator[tuple[str, Any]]:
        """Server-sent events: the kind and the decoded data of each, until the agent stops."""
        kind = ""
        with self.open("GET", path, None) as answer:
            for raw in answer:
                field, _, value = raw.decode().rstrip("\n").partition(": ")
                if field == "event":
                    kind = value
                elif field == "data":
                    yield kind, msgspec.json.decode(value)

    @contextmanager
    def open(
        self, method: str, path: str, body: bytes | None
    ) -> Iterator[http.client.HTTPResponse]:
        """The raw answer to a request, for streams.

        Raises:
            Outside: the agent went away.
        """
        connection = _UnixConnection(self.socket_path)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"})
            yield connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            raise Outside(f"the agent at {self.socket_path} does not answer: {error}") from error
        finally:
            connection.close()

    def _ask(self, method: str, path: str, body: bytes | None, kind: type[T]) -> T:
        with self.open(method, path, body) as answer:
            content = answer.read()
        if answer.status >= 400:
            raise _refusal(answer.status, content)
        return msgspec.json.decode(content or b"null", type=kind)


def part(text: str) -> str:
    """A name as one segment of a path."""
    return quote(text, safe="")


def _text(value: Any) -> str:
    return str(msgspec.to_builtins(value))


def _refusal(status: int, content: bytes) -> Exception:
    """What the verb ends with: the user's mistake (4xx), or something outside (5xx)."""
    try:
        details = msgspec.json.decode(content, type=ProblemDetails)
    except msgspec.MsgspecError:
        return Outside(f"the agent answered {status}: {content[:200].decode(errors='replace')}")
    if status >= 500:
        return Outside(details.detail or details.title)
    problems = [
        Problem(Position(p.file, p.line, p.column), p.text, p.hint, p.severity)
        for p in details.problems
    ]
    return UserError(*problems or [Problem(Position("hearth"), details.detail or details.title)])


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("agent", timeout=ANSWER_SECONDS)
        self._path = path

    def connect(self) -> None:
        """Reach the agent's socket instead of a host."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(CONNECT_SECONDS)
        self.sock.connect(str(self._path))
        self.sock.settimeout(self.timeout)
