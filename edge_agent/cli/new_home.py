"""The files of a new home."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct
from msgspec.structs import replace

from edge_agent.cli.problems import written_to
from pipelines.settings import load_settings
from schemas.problem import Position, UserError

HEARTH = """\
# Settings of this agent. Every key can also come from the environment, which wins:
# HEARTH_MQTT__HOST=… HEARTH_GATEWAY__PORT=…  Keys and meanings: hearth schema settings

agent:
  name: {name}
  time_zone: {time_zone}
{place}
# The broker. Without a host an embedded one is started on 127.0.0.1:1883.
{mqtt}
# The HTTP interface. Another host than loopback needs a token: !secret gateway
gateway:
  host: 127.0.0.1
  port: 8420

ledger:
  retention: {{events: 30d, readings: 400d, runs: 90d}}
  max_size: 2GB

# Named targets of the `notify` step: {{log: LEVEL}}, {{mqtt: TOPIC}} or {{webhook: URL}}.
notify:
  me: {{log: info}}
"""
PLACE = """  latitude: {latitude}
  longitude: {longitude}
"""
NO_PLACE = """  # latitude: 52.52    # for sunrise and sunset
  # longitude: 13.40
"""
MQTT = """mqtt:
  host: {host}
  port: {port}
"""
NO_MQTT = """# mqtt:
#   host: 192.168.1.10
#   port: 1883
#   username: hearth
#   password: !secret mqtt
"""
DEVICES = """\
# Names, areas, labels and aliases of devices. `hearth devices` lists what was seen, with keys.
#
# freezer:
#   key: "zigbee2mqtt:0x00158d0001a2b3c4"
#   area: cellar
#   labels: {room: cellar}
#   aliases: [the big freezer]
"""
SECRETS = """\
# Values for `!secret NAME` in the other files. Never logged, never synced; keep its mode 0600.
"""
PIPELINE = """\
# A first pipeline. Try it while the agent runs:
#   hearth send demo/hello '{"name": "you"}'    then    hearth trace last
# Its tests need no agent:    hearth test
id: hello
description: Answers every message on demo/hello.
triggers:
  - mqtt: {topic: demo/hello}
conditions:
  - "{{ trigger.payload is mapping }}"
steps:
  - publish:
      topic: demo/answer
      payload: "Hello {{ trigger.payload.name | default('whoever you are') }}"

tests:
  - name: it answers by name
    script:
      - publish: {topic: demo/hello, payload: {name: Ann}}
      - expect: {publish: demo/answer, payload: Hello Ann}
  - name: a word alone is no greeting
    script:
      - publish: {topic: demo/hello, payload: hi}
      - expect: nothing
"""
_FLAGS = {"host": "broker", "port": "broker", "mqtt": "password"}
GITIGNORE = "secrets.yaml\ndata/\n"


class Answers(Struct, frozen=True):
    """What a new home's settings say; `host` empty means the embedded broker."""

    name: str
    time_zone: str
    latitude: float | None = None
    longitude: float | None = None
    host: str = ""
    port: int = 1883
    username: str = ""
    password: str = ""


def write_home(directory: Path, answers: Answers) -> list[Path]:
    """Write the files of a new home; those that exist are kept. The settings, which make it one,
    come last.

    Raises:
        UserError: the settings would not work; nothing is written.
        OSError: the folder cannot be written to.
    """
    texts = {
        "devices.yaml": DEVICES,
        "secrets.yaml": _secrets(answers),
        "pipelines/hello.yaml": PIPELINE,
        ".gitignore": GITIGNORE,
        "hearth.yaml": _hearth(answers),
    }
    _check(texts)
    for folder in ("pipelines", "blueprints", "profiles", "data"):
        (directory / folder).mkdir(parents=True, exist_ok=True)
    return [path for name, text in texts.items() if (path := _write(directory / name, text))]


def local_time_zone() -> str:
    """This machine's IANA time zone; UTC where it does not tell."""
    if named := os.environ.get("TZ", "").lstrip(":"):
        return named
    link = os.path.realpath("/etc/localtime")
    _, found, zone = link.partition("/zoneinfo/")
    return zone.removeprefix("posix/") if found else "UTC"


def _check(texts: Mapping[str, str]) -> None:
    """Read the settings that are to be written as the agent will, in a folder of their own."""
    with TemporaryDirectory() as folder:
        for name in ("hearth.yaml", "secrets.yaml"):
            _write(Path(folder, name), texts[name])
        if problems := load_settings(Path(folder), {})[1]:
            raise UserError(*(replace(each, at=_flag(texts, each.at)) for each in problems))


def _flag(texts: Mapping[str, str], at: Position) -> Position:
    """The flag of what stands at a place; the file itself is not written."""
    line = texts[at.file].splitlines()[max(at.line - 1, 0)]
    key = line.partition(":")[0].strip()
    return Position("--" + _FLAGS.get(key, key.replace("_", "-")))


def _write(path: Path, text: str) -> Path | None:
    """Write a file that must not exist yet; secrets are nobody else's to read."""
    mode = 0o600 if path.name == "secrets.yaml" else 0o644
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
    except FileExistsError:
        return None
    try:
        with written_to(path), os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError:
        path.unlink()
        raise
    return path


def _hearth(answers: Answers) -> str:
    place = NO_PLACE
    if answers.latitude is not None:
        place = PLACE.format(latitude=answers.latitude, longitude=answers.longitude)
    return HEARTH.format(
        name=_quoted(answers.name), time_zone=answers.time_zone, place=place, mqtt=_mqtt(answers)
    )


def _mqtt(answers: Answers) -> str:
    if not answers.host:
        return NO_MQTT
    text = MQTT.format(host=_quoted(answers.host), port=answers.port)
    if answers.username:
        text += f"  username: {_quoted(answers.username)}\n"
    if answers.password:
        text += "  password: !secret mqtt\n"
    return text


def _secrets(answers: Answers) -> str:
    return SECRETS + (f"mqtt: {_quoted(answers.password)}\n" if answers.password else "")


def _quoted(text: str) -> str:
    """The text as a YAML scalar (JSON's strings are)."""
    return json.dumps(text, ensure_ascii=False)
