"""Starting and ending: ports, sockets, open streams, slow clients."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from edge_agent.gateway import door, server
from edge_agent.gateway import start as entrance
from edge_agent.gateway.listening import bind_port, bind_socket, socket_if_room
from edge_agent.gateway.start import start
from schemas.settings import GatewaySettings
from tests.disks import SmallDisk, as_somebody_else
from tests.gateway.conftest import Site
from tests.gateway.fakes import RUN, Parts


def test_both_ways_lead_to_the_same_application(site: Site) -> None:
    with site.client() as tcp, site.local() as local:
        assert tcp.get("/api/v1/pipelines").json() == local.get("/api/v1/pipelines").json()


def test_it_ends_within_a_second_with_open_streams(tmp_path: Path) -> None:
    site = Site(tmp_path, None)
    with site.client() as client, site.local() as local:
        streams = [
            c.send(c.build_request("GET", "/api/v1/events"), stream=True)
            for c in (client, local)
            for _ in range(5)
        ]
        begun = time.monotonic()
        site.stop()
        assert time.monotonic() - begun < 1
        for stream in streams:
            stream.close()
    assert not site.socket.exists()


def test_it_ends_within_a_second_while_a_client_does_not_read(tmp_path: Path) -> None:
    site = Site(tmp_path, None)
    with socket.create_connection(("127.0.0.1", site.entrance.port)) as idle:
        idle.sendall(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n")
        begun = time.monotonic()
        site.stop()
        assert time.monotonic() - begun < 1


def test_it_ends_within_a_second_while_a_request_does_not_end(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    site = Site(tmp_path, None)
    history = site.parts.history
    history.stuck = site.call(asyncio.Event)
    with socket.create_connection(("127.0.0.1", site.entrance.port), timeout=5) as waiting:
        waiting.sendall(f"GET /api/v1/runs/{RUN} HTTP/1.1\r\nhost: localhost\r\n\r\n".encode())
        assert history.asked_trace.wait(5)
        begun = time.monotonic()
        site.stop()
        assert time.monotonic() - begun < 1
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_a_busy_port_is_replaced_by_a_free_one() -> None:
    with bind_port("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with bind_port("127.0.0.1", port) as second:
            assert second.getsockname()[1] != port


def test_an_address_that_cannot_be_used_leaves_no_socket_behind(tmp_path: Path) -> None:
    async def run() -> None:
        settings = GatewaySettings(host="192.0.2.1", port=1, token="t")  # RFC 5737: nobody's
        start(Parts().gateway, settings, tmp_path / "agent.sock")

    with pytest.raises(OSError):
        asyncio.run(run())
    assert not (tmp_path / "agent.sock").exists()


def test_a_stale_socket_is_removed_and_a_live_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "agent.sock"
    bind_socket(path).close()
    with bind_socket(path), pytest.raises(OSError, match="another agent listens"):
        bind_socket(path)


def test_a_disk_that_takes_no_socket_is_asked_again(
    small_disk: SmallDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entrance, "ROOM_SECONDS", 0.01)
    small_disk.read_only(True)
    site = Site(small_disk.folder, None)
    with site.client() as tcp:
        assert tcp.get("/healthz").text == "ok" and not site.socket.exists()
        small_disk.read_only(False)
        for _ in range(1_000):
            if site.socket.exists():
                break
            assert tcp.get("/healthz").text == "ok"
    with site.local() as local:
        assert local.get("/healthz").text == "ok"
    site.stop()


def test_a_folder_that_one_may_not_write_to_takes_no_socket(tmp_path: Path) -> None:
    bind_socket(tmp_path / "agent.sock").close()
    with as_somebody_else():
        assert socket_if_room(tmp_path / "agent.sock") is None


def test_something_else_in_the_sockets_place_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "agent.sock"
    path.write_text("precious")
    with pytest.raises(FileExistsError):
        bind_socket(path)
    assert path.read_text() == "precious"


def test_a_silent_client_is_hung_up_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HEADER_SECONDS", 0.05)
    site = Site(tmp_path, None)
    with socket.create_connection(("127.0.0.1", site.entrance.port), timeout=5) as silent:
        silent.sendall(b"GET / HTTP/1.1\r\n")
        assert silent.recv(100) == b""
    site.stop()


def test_a_body_that_does_not_come_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "BODY_SECONDS", 0.05)
    site = Site(tmp_path, None)
    head = b"POST /api/v1/query HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n{"
    with socket.create_connection(("127.0.0.1", site.entrance.port), timeout=5) as slow:
        slow.sendall(head)
        assert slow.recv(1000).startswith(b"HTTP/1.1 408 ")
    site.stop()


def test_nonsense_on_the_wire_is_answered_and_survived(site: Site, client: httpx.Client) -> None:
    with socket.create_connection(("127.0.0.1", site.entrance.port), timeout=5) as odd:
        odd.sendall(b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n")
        assert odd.recv(100).startswith(b"HTTP/1.1 400 ")
    assert client.get("/healthz").status_code == 200


def test_a_websocket_handshake_is_refused(client: httpx.Client) -> None:
    headers = {"upgrade": "websocket", "connection": "upgrade"}
    assert client.get("/ws", headers=headers).status_code == 404


_FIRST_ASKED = """
import asyncio, sys
from pathlib import Path
from edge_agent.gateway.start import start
from schemas.settings import GatewaySettings
from tests.gateway.fakes import Parts

def loaded():
    return any(name in sys.modules for name in ("litestar", "uvicorn", "httpx"))

async def ask(path):
    entrance = start(Parts().gateway, GatewaySettings(port=0), path)
    before = loaded()
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(b"GET /healthz HTTP/1.1\\r\\nhost: localhost\\r\\n\\r\\n")
    print(before, (await reader.readline()).decode().strip(), loaded())
    await entrance.stop()

asyncio.run(ask(Path(sys.argv[1])))
"""


def test_what_serves_is_imported_when_somebody_comes_and_waits_for_it(tmp_path: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-c", _FIRST_ASKED, str(tmp_path / "agent.sock")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == "False HTTP/1.1 200 OK True\n"
