"""A new version of a model put on the shelf, as `hearth models add` and `compile` do."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from edge_agent.cli.problems import Outside, mistake
from edge_agent.cli.shell import Shell

if TYPE_CHECKING:
    from edge_agent.models.signing import Key
    from schemas.model import Manifest


def put_on_shelf(
    shell: Shell, name: str, make: Callable[[Path, "Key"], "Manifest"], *, promote: bool
) -> None:
    """Have a version made in its folder, and tell of it; one that fails leaves nothing.

    Raises:
        UserError: the model's name or files are wrong.
        Outside: the disk is full, or a compiler is missing.
    """
    from edge_agent.models.runtime.folder import BrokenFolder
    from edge_agent.models.shelf import Shelf
    from edge_agent.models.signing import Key
    from edge_agent.models.start import KEY
    from pipelines.model_names import IN_THE_BOX

    if name in IN_THE_BOX and name not in shell.settings.models:
        raise mistake(f"`{name}` is the model in the box", "give yours another one: --name NAME")
    shelf = Shelf(shell.home)
    try:
        folder = shelf.stage(name)
    except LookupError as error:
        raise mistake(str(error), "say one: --name NAME") from None
    try:
        manifest = make(folder, Key(shell.home / KEY))
        number = shelf.keep(name, folder)
    except BaseException as error:
        shelf.discard(folder)
        if isinstance(error, BrokenFolder | ValueError):
            raise mistake(str(error)) from None
        if isinstance(error, OSError):
            raise Outside(_told(error)) from None
        raise
    if promote:
        shelf.promote(name, number)
    state = "is in force" if promote else "waits to be promoted"
    shell.show(manifest, lambda: shell.note(f"{name} version {number} {state}"))


def _told(error: OSError) -> str:
    """What failed, and at which file: where something is copied to, that one."""
    where = error.filename2 or error.filename
    return f"{where}: {error.strerror}" if where else error.strerror or str(error)
