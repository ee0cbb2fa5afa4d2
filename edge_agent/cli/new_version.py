"""A new version of a model put on the shelf, as `hearth models add` and `compile` do."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from edge_agent.cli.problems import mistake
from edge_agent.cli.shell import Shell

if TYPE_CHECKING:
    from edge_agent.models.signing import Key
    from schemas.model import Manifest


def put_on_shelf(
    shell: Shell, name: str, make: Callable[[Path, "Key"], "Manifest"], *, promote: bool
) -> None:
    """Have a version made in its folder, and tell of it; one that fails leaves nothing.

    Raises:
        UserError: the model's files are wrong.
    """
    from edge_agent.models.runtime.folder import BrokenFolder
    from edge_agent.models.shelf import Shelf
    from edge_agent.models.signing import Key
    from edge_agent.models.start import KEY

    shelf = Shelf(shell.home)
    folder = shelf.stage(name)
    try:
        manifest = make(folder, Key(shell.home / KEY))
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, BrokenFolder | ValueError):
            raise mistake(str(error)) from None
        raise
    if promote:
        shelf.promote(name, int(folder.name))
    state = "is in force" if promote else "waits to be promoted"
    shell.show(manifest, lambda: shell.note(f"{name} version {folder.name} {state}"))
