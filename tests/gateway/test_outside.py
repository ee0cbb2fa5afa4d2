"""Requests, notifications and queries, against a real server."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar

import msgspec
import pytest

from edge_agent.outside.world import World
from schemas.problem import UserError

T = TypeVar("T")


class Server(ThreadingHTTPServer):
    """An HTTP server that remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.let_go = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Answer(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        length = int(self.headers.get("content-length", 0))
        body = self.rfile.read(length)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.asked.append((self.command, self.path, headers, body))
        getattr(self, "answer_" + self.path.strip("/").partition("?")[0], self.answer_json)()

    do_POST = do_GET  # noqa: N815

    def answer_json(self) -> None:
        self.reply(200, b'{"ok": true}')

    def answer_text(self) -> None:
        self.reply(404, "weg: \u00e4".encode("latin-1"), "text/plain; charset=latin-1")

    def answer_large(self) -> None:
        self.reply(200, b"x" * ((1 << 20) + 1))

    def answer_slow(self) -> None:
        self.server.let_go.wait(10)

    def reply(self, status: int, body: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Sent:
    """Messages that keep what was sent."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, Any, int, bool]] = []

    def send(
        self, topic: str, payload: bytes | str, *, qos: int = 0, retain: bool = False, run: int = 0
    ) -> None:
        self.messages.append((topic, msgspec.json.decode(payload), qos, retain))


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that is stopped afterwards."""
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.let_go.set()
        server.shutdown()
        thread.join()


async def no_rows(sql: str, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"sql": sql, **params}]


def outside(
    use: Callable[[World], Awaitable[T]], notify: Mapping[str, Any] | None = None, sent: Any = None
) -> T:
    """Use a world once, in a loop of its own."""

    async def run() -> T:
        world = World(notify or {}, sent or Sent(), no_rows)
        try:
            return await use(world)
        finally:
            await world.close()

    return asyncio.run(run())


def test_a_request_brings_status_headers_body_and_json(server: Server) -> None:
    answer = outside(
        lambda world: world.request(
            "post", f"{server.url}/a", json={"x": 1}, params={"q": "z"}, headers={"X-N": 5}
        )
    )
    assert (answer["status"], answer["json"], answer["body"]) == (200, {"ok": True}, '{"ok": true}')
    assert answer["headers"]["content-type"] == "application/json"
    ((method, path, headers, body),) = server.asked
    assert (method, path, body) == ("POST", "/a?q=z", b'{"x":1}')
    assert headers["x-n"] == "5"
    assert headers["content-type"] == "application/json"
    assert headers["user-agent"].startswith("hearthflow/")


def test_an_answer_that_is_no_json_is_text_in_its_own_encoding(server: Server) -> None:
    answer = outside(lambda world: world.request("GET", f"{server.url}/text", body="hello"))
    assert (answer["status"], answer["body"], answer["json"]) == (404, "weg: ä", None)
    assert server.asked[0][3] == b"hello"


@pytest.mark.parametrize(
    ("path", "options", "error", "text"),
    [
        ("/large", {}, OSError, "1 MiB"),
        ("/slow", {"timeout": 0.1}, TimeoutError, "within 0.1 s"),
    ],
)
def test_what_fails_outside_is_an_os_error(
    server: Server, path: str, options: Mapping[str, Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        outside(lambda world: world.request("GET", server.url + path, **options))


def test_nobody_answering_is_a_connection_error_that_says_why() -> None:
    with pytest.raises(ConnectionError, match=r"^[A-Z][a-z ]+$"):
        outside(lambda world: world.request("GET", "http://127.0.0.1:9/"))


def test_a_webhook_that_nobody_answers_is_named() -> None:
    target = {"me": {"webhook": "http://127.0.0.1:9/"}}
    with pytest.raises(OSError, match=r"^http://127\.0\.0\.1:9/: [A-Z]"):
        outside(lambda world: world.notify("me", "", "hello", {}), target)


@pytest.mark.parametrize("url", ["nonsense", "ftp://h/x", "http://h:door/"])
def test_a_url_that_is_none_is_named(url: str) -> None:
    with pytest.raises(LookupError, match="is no URL"):
        outside(lambda world: world.request("GET", url))


def test_a_notification_goes_to_mqtt_as_json() -> None:
    sent = Sent()
    outside(
        lambda world: world.notify("family", "T", "M", {"level": 2}),
        {"family": {"mqtt": "home/notify"}},
        sent,
    )
    payload = {"title": "T", "message": "M", "data": {"level": 2}}
    assert sent.messages == [("home/notify", payload, 1, False)]


def test_a_notification_goes_to_a_webhook(server: Server) -> None:
    notify = {"me": {"webhook": {"url": f"{server.url}/n", "headers": {"x-key": "k"}}}}
    outside(lambda world: world.notify("me", "T", "M", {}), notify)
    ((method, _, headers, body),) = server.asked
    assert (method, headers["x-key"], body) == ("POST", "k", b'{"title":"T","message":"M"}')


def test_a_webhook_that_refuses_fails_the_notification(server: Server) -> None:
    with pytest.raises(OSError, match="answered 404"):
        outside(
            lambda world: world.notify("me", "", "M", {}), {"me": {"webhook": server.url + "/text"}}
        )


def test_the_log_is_always_a_target(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    outside(lambda world: world.notify("log", "T", "M", {}))
    (record,) = caplog.records
    assert (record.getMessage(), vars(record)["text"]) == ("notification", "M")


def test_an_unknown_target_is_named_with_a_hint() -> None:
    with pytest.raises(LookupError, match="did you mean `family`"):
        outside(lambda world: world.notify("famly", "", "", {}), {"family": {"log": "info"}})


def test_wrong_targets_in_the_settings_are_all_named() -> None:
    wrong = {
        "a": {"mqt": "t"},
        "b": {},
        "c": {"mqtt": {"topic": "t", "quos": 1}},
        "d": {"log": "loud"},
        "e": {"mqtt": "a/#"},
        "f": {"webhook": "example"},
    }
    with pytest.raises(UserError) as caught:
        outside(no_use, wrong)
    texts = [problem.text for problem in caught.value.problems]
    assert [text[:9] for text in texts] == [f"notify.{name}:" for name in "abcdef"]
    assert "did you mean `mqtt`" in texts[0]


async def no_use(world: World) -> None:
    pass


def test_a_query_is_handed_to_the_ledger() -> None:
    assert outside(lambda world: world.query("select 1", {"x": 2})) == [{"sql": "select 1", "x": 2}]
