"""Real servers for tests: mosquitto on a free loopback port, certificates made by openssl."""

import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

START_TIMEOUT = 10


def free_port() -> int:
    """A TCP port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Mosquitto:
    """One broker that can be stopped, killed and started again on the same port.

    `options` are lines of mosquitto.conf; sessions and retained messages survive a stop.
    """

    def __init__(self, folder: Path, options: str = "") -> None:
        self.port = free_port()
        self.folder = folder
        self.lines: list[str] = []
        self._process: subprocess.Popen[str] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self.configure(options)

    def configure(self, options: str) -> None:
        """Write mosquitto.conf; takes effect at the next start."""
        anonymous = "" if "password_file" in options else "allow_anonymous true"
        lines = [
            "user root",
            f"listener {self.port} 127.0.0.1",
            anonymous,
            "persistence true",
            f"persistence_location {self.folder}/",
            "set_tcp_nodelay true",
            "connection_messages false",
            "log_dest stderr",
            options,
        ]
        (self.folder / "mosquitto.conf").write_text("\n".join(lines), encoding="utf-8")

    def start(self) -> "Mosquitto":
        """Start and wait until it listens."""
        process = self._process = subprocess.Popen(
            [_program(), "-c", str(self.folder / "mosquitto.conf")],
            stderr=subprocess.PIPE,
            text=True,
        )
        running = threading.Event()
        threading.Thread(target=self._follow, args=(process, running), daemon=True).start()
        if not running.wait(START_TIMEOUT) or process.poll() is not None:
            self.kill()
            raise RuntimeError("mosquitto does not start: " + "\n".join(self.lines[-5:]))
        return self

    def _follow(self, process: "subprocess.Popen[str]", running: threading.Event) -> None:
        assert process.stderr is not None
        for line in process.stderr:
            self.lines.append(line.rstrip())
            if " running" in line:
                running.set()
        running.set()

    def stop(self) -> None:
        """End it in an orderly way: it writes its sessions first."""
        while self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(1)
            except subprocess.TimeoutExpired:
                continue  # a signal just after the start is overlooked
            self._process = None

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(START_TIMEOUT)
            self._process = None


def _program() -> str:
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise RuntimeError("the tests need the package `mosquitto`")
    return found


def password_file(folder: Path, user: str, password: str) -> Path:
    """A file for mosquitto's `password_file` with one user."""
    path = folder / "passwords"
    subprocess.run(["mosquitto_passwd", "-c", "-b", str(path), user, password], check=True)
    return path


@pytest.fixture
def brokers(tmp_path: Path) -> Iterator[Callable[..., Mosquitto]]:
    """Makes brokers (`options` as text), all stopped at the end of the test."""
    made: list[Mosquitto] = []

    def make(options: str = "") -> Mosquitto:
        made.append(Mosquitto(tmp_path / f"broker{len(made)}", options))
        return made[-1].start()

    yield make
    for broker in made:
        broker.kill()


@pytest.fixture
def mosquitto(brokers: Callable[..., Mosquitto]) -> Mosquitto:
    """A running broker that lets everybody in."""
    return brokers()


class Certificates:
    """A CA, a server certificate for 127.0.0.1 and localhost, and a client certificate."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ca = folder / "ca.pem"
        _openssl(
            "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test-ca "
            "-addext basicConstraints=critical,CA:TRUE -addext keyUsage=keyCertSign "
            "-keyout ca.key -out ca.pem",
            folder,
        )
        self.server = self._issue("server", "subjectAltName=IP:127.0.0.1,DNS:localhost")
        self.client = self._issue("client", "subjectAltName=DNS:client")
        self.stranger = self._issue("stranger", "subjectAltName=DNS:elsewhere.example")

    def _issue(self, name: str, extension: str) -> Path:
        (self.folder / f"{name}.ext").write_text(extension, encoding="utf-8")
        _openssl(
            f"req -newkey rsa:2048 -nodes -subj /CN={name} -keyout {name}.key -out {name}.csr",
            self.folder,
        )
        _openssl(
            f"x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 "
            f"-extfile {name}.ext -out {name}.pem",
            self.folder,
        )
        return self.folder / f"{name}.pem"


def _openssl(arguments: str, folder: Path) -> None:
    subprocess.run(["openssl", *arguments.split()], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Certificates made once for the whole run."""
    return Certificates(tmp_path_factory.mktemp("certificates"))
