"""The machine this runs on: which board it is, and what the agent may take of it."""

from __future__ import annotations

import platform
import re
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

import firmware_profiles
from edge_agent.ledger.retention import size_bytes
from pipelines.decode import decode
from pipelines.source import Reader
from schemas.board import Board, Cpu
from schemas.problem import Position
from schemas.settings import Settings

BOARDS = Path(firmware_profiles.__file__).parent / "boards"
GENERIC = "generic"
_FLAGS = re.compile(r"^(?:flags|Features)\s*:(.*)$", re.MULTILINE)
_MODEL = re.compile(r"^Model\s*: (.+)$", re.MULTILINE)
_TOTAL = re.compile(r"^MemTotal:\s*(\d+) kB", re.MULTILINE)
_PLATFORMS = {"x86_64": "linux/amd64", "amd64": "linux/amd64", "armv7l": "linux/arm/v7"}
_ARM = {"aarch64", "arm64"}
_OURS = 2  # the agent's budget is at most this part of the machine's memory


class Machine(Struct, frozen=True):
    """What the system tells of itself; `memory` in bytes, 0 where it does not say."""

    model: str
    flags: frozenset[str]
    memory: int
    name: str


class Fit(Struct, frozen=True):
    """A board and what it comes to on this machine; `budget` in bytes."""

    board: Board
    cpu: str
    budget: int
    platform: str
    chosen: bool


def machine(root: Path = Path("/"), name: str = "") -> Machine:
    """This machine, as the files below `root` and `uname -m` tell."""
    cpuinfo = _text(root / "proc/cpuinfo")
    flags, named = _FLAGS.search(cpuinfo), _MODEL.search(cpuinfo)
    model = _text(root / "proc/device-tree/model").strip("\0 \n")
    if not model and named:  # containers do not see the device tree
        model = named[1]
    total = _TOTAL.search(_text(root / "proc/meminfo"))
    return Machine(
        model,
        frozenset(flags[1].split() if flags else ()),
        int(total[1]) << 10 if total else 0,
        name or platform.machine().lower(),
    )


def load_boards() -> list[Board]:
    """The shipped boards by name.

    Raises:
        ValueError: a file is wrong; the text says where.
    """
    boards = []
    for path in sorted(BOARDS.glob("*.yaml")):
        tree = Reader(BOARDS).load(path)
        board, problems = decode(tree, Board, Position(path.name, 1, 1), "board")
        if board is None or problems:
            raise ValueError("; ".join(f"{each.at}: {each.text}" for each in problems))
        boards.append(board)
    return boards


def fit(here: Machine, wanted: str | None = None, boards: Sequence[Board] = ()) -> Fit:
    """The board that the settings name, else the one that this machine is."""
    known: dict[str, Board] = {board.board: board for board in boards or load_boards()}
    found = known[wanted] if wanted else _detected(here, known)
    cpu = _cpu(found, here) or found.cpus[-1]
    budget = size_bytes(found.memory)
    if here.memory:
        budget = min(budget, here.memory // _OURS)
    return Fit(found, cpu.target, budget, found.platform or _platform(here), wanted is not None)


def limited(settings: Settings, here: Machine | None = None) -> Settings:
    """The settings with the limits of the board where the user set none."""
    ledger = settings.ledger
    if ledger.memory and ledger.max_size:
        return settings
    board = fit(here or machine(), settings.agent.board).board
    ledger = replace(
        ledger,
        memory=ledger.memory or board.ledger.memory,
        max_size=ledger.max_size or board.ledger.max_size,
    )
    return replace(settings, ledger=ledger)


def _detected(here: Machine, known: dict[str, Board]) -> Board:
    for board in known.values():
        if here.model and any(map(here.model.startswith, board.models)):
            return board
    for board in known.values():
        if here.name in board.machines and _cpu(board, here) is not None:
            return board
    return known[GENERIC]


def _cpu(board: Board, here: Machine) -> Cpu | None:
    return next((cpu for cpu in board.cpus if here.flags.issuperset(cpu.flags)), None)


def _platform(here: Machine) -> str:
    return _PLATFORMS.get(here.name, "linux/arm64" if here.name in _ARM else "")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
