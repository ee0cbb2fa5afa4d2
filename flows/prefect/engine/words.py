"""What the agent and the process of Prefect's engine say to each other: a line of JSON each.

A run is opened; each of its steps is a task that the engine begins, tries (the agent does the step
and answers), tries again and ends; at last the run is closed. `run` and `task` are ids as UUID
text. What is said again after one side was started anew is recognised.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from schemas.run import RunRecord


class Word(Struct, frozen=True, tag=True, omit_defaults=True):
    """Something said of a run."""

    run: str


class Open(Word, frozen=True):
    """Carry this run of a pipeline. `claimed`: Prefect has made the flow run already; `schema` is
    the JSON Schema of its parameters, `deployment` an id or empty."""

    record: RunRecord
    agent: str
    description: str = ""
    schema: dict[str, Any] = {}
    deployment: str = ""
    claimed: bool = False


class Begin(Word, frozen=True):
    """Begin a task; `turn` tells the rounds of one step apart.

    `after` is the task before it in its block, `within` the one around it. It may be tried once
    more for each of `delays`, in seconds; `tried` of its tries are over. `keep` names what it
    gives, to be taken for `keep_for` seconds whenever that is begun again.
    """

    task: str
    key: str
    name: str
    tags: list[str]
    turn: str = "0"
    after: str = ""
    within: str = ""
    tried: int = 0
    delays: list[float] = []
    timeout: float | None = None
    keep: str = ""
    keep_for: float = 0.0


class Done(Word, frozen=True):
    """A try was good."""

    task: str
    attempt: int
    outputs: Any = None


class Fail(Word, frozen=True):
    """A try has failed."""

    task: str
    attempt: int
    error: str
    late: bool = False


class Drop(Word, frozen=True):
    """The step was cancelled."""

    task: str


class Leave(Word, frozen=True):
    """Let go of the run, and tell Prefect nothing more of it: it goes on without the engine."""


class Close(Word, frozen=True):
    """The run has ended."""

    state: str
    message: str = ""


class Opened(Word, frozen=True):
    """It runs, as this flow run."""

    flow_run: str


class Held(Word, frozen=True):
    """A concurrency limit holds the run back."""


class Refused(Word, frozen=True):
    """It cannot be carried: Prefect is away, or has it `cancelled`."""

    reason: str
    cancelled: bool = False


class Go(Word, frozen=True):
    """Try the step now."""

    task: str
    attempt: int


class Ended(Word, frozen=True):
    """A task has ended; `outputs` are there where they were kept from an earlier time. `lost`: the
    engine cannot go on with it, for a reason of its own."""

    task: str
    completed: bool
    error: str = ""
    kept: bool = False
    lost: bool = False
    outputs: Any = None


class Closed(Word, frozen=True):
    """The engine has done with the run, which is in Prefect at its end, in a `state` of this name;
    empty: it is not. Nothing more of it comes from here."""

    state: str


Told = Open | Begin | Done | Fail | Drop | Leave | Close
Said = Opened | Held | Refused | Go | Ended | Closed
LONGEST = 64 * 1024 * 1024  # bytes of a line

told = msgspec.json.Decoder(Told)
said = msgspec.json.Decoder(Said)


def line(word: Word) -> bytes:
    """A word as it is sent."""
    return msgspec.json.encode(word, enc_hook=str) + b"\n"
