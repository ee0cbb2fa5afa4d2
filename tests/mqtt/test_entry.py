"""Getting in: passwords, TLS, and clear words when it fails."""

import os
from collections.abc import Callable
from pathlib import Path

from schemas.settings import TlsSettings
from tests.mqtt.line import Line, Peer
from tests.servers import Certificates, Mosquitto, password_file

Brokers = Callable[..., Mosquitto]


async def test_a_password_is_sent_and_a_wrong_one_explained(
    brokers: Brokers, tmp_path: Path
) -> None:
    broker = brokers(f"password_file {password_file(tmp_path, 'hearth', 'right')}")
    async with Line(broker.port, tmp_path / "a", username="hearth", password="right"):
        pass
    for version in (5, "3.1.1"):
        line = Line(
            broker.port, tmp_path / "b", version=version, username="hearth", password="wrong"
        )
        line.channel.start()
        await line.stated()
        assert "mqtt.password" in line.states[0].hint
        await line.channel.stop()


def _tls_options(certificates: Certificates, *, client: bool = False) -> str:
    folder = certificates.folder
    lines = [f"cafile {certificates.ca}", f"certfile {folder}/server.pem"]
    lines += [f"keyfile {folder}/server.key", f"require_certificate {str(client).lower()}"]
    return "\n".join(lines)


async def test_tls_with_our_own_ca_and_a_client_certificate(
    brokers: Brokers, certificates: Certificates, tmp_path: Path
) -> None:
    broker = brokers(_tls_options(certificates, client=True))
    folder = certificates.folder
    tls = TlsSettings(
        ca=str(certificates.ca), cert=f"{folder}/client.pem", key=f"{folder}/client.key"
    )
    payload = os.urandom(3 * 2**20)
    async with Line(broker.port, tmp_path, tls=tls) as line:
        await line.subscribe({"echo": 1})
        for part in (payload, b"1", b"2"):
            line.channel.send("echo", part, qos=1)
        assert await line.received(3) == [payload, b"1", b"2"]


async def test_a_certificate_we_do_not_trust_is_explained(
    brokers: Brokers, certificates: Certificates, tmp_path: Path
) -> None:
    broker = brokers(_tls_options(certificates))
    line = Line(broker.port, tmp_path, tls=True)
    line.channel.start()
    await line.stated()
    assert "certificate" in line.states[0].reason
    assert "mqtt.tls.ca" in line.states[0].hint
    await line.channel.stop()


async def test_tls_towards_a_plain_port_is_explained(mosquitto: Mosquitto, tmp_path: Path) -> None:
    line = Line(mosquitto.port, tmp_path, tls=True)
    line.channel.start()
    await line.stated()
    assert "TLS" in line.states[0].reason
    await line.channel.stop()


async def test_another_client_with_our_id_takes_the_session_over_and_the_log_says_so(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with (
        Line(mosquitto.port, tmp_path) as line,
        Peer(mosquitto.port, name="hearth-here"),
    ):
        await line.until(lambda: any("client_id" in s.hint for s in line.states))
