"""A board: what a machine is recognised by, and what an agent may take of it."""

from typing import Annotated

from msgspec import Meta, Struct

from schemas.settings import BoardName, Size


class Part(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every part of a board is."""


class Cpu(Part, frozen=True):
    """A CPU as compilers name it, and the flags of /proc/cpuinfo that it must have."""

    target: Annotated[str, Meta(description="LLVM's name: `cortex-a72`, `x86-64-v3`.")]
    flags: Annotated[list[str], Meta(description="All of them must be there.")] = []


class LedgerLimits(Part, frozen=True):
    """What the ledger may take where the settings do not say."""

    memory: Annotated[Size, Meta(description="Memory limit of DuckDB.")]
    max_size: Annotated[Size, Meta(description="Cap of the file.")]


class ModelLimits(Part, frozen=True):
    """How large models may be, and how much of the machine they may use."""

    memory: Annotated[Size, Meta(description="Weights and working memory of all models.")]
    threads: Annotated[int, Meta(ge=1, description="CPU cores they may keep busy.")]


class Board(Part, frozen=True, kw_only=True):
    """One kind of machine in `firmware_profiles/boards/`.

    It is recognised by the beginning of the device tree's model; else by its machine name, and
    flags of one of its CPUs.
    """

    board: BoardName
    description: Annotated[str, Meta(description="What people call it.")]
    models: Annotated[list[str], Meta(description="How /proc/device-tree/model may begin.")] = []
    machines: Annotated[list[str], Meta(description="What `uname -m` may say.")] = []
    cpus: Annotated[list[Cpu], Meta(description="The first whose flags are there counts.")]
    memory: Annotated[Size, Meta(description="What the agent may take without its models.")]
    ledger: LedgerLimits
    inference: ModelLimits
    platform: Annotated[
        str, Meta(description="Of its container image; empty: that of the machine.")
    ] = ""
