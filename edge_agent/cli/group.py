"""How verbs are found and made: a file in `verbs/`, loaded when it is called."""

import ast
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from edge_agent.cli.shell import Shell
from edge_agent.cli.streams import nobody_reads

F = TypeVar("F", bound=Callable[..., Any])
FOLDER = Path(__file__).parent / "verbs"


class Verbs(click.Group):
    """A group whose commands are the files of a folder; listing them imports none."""

    folder = FOLDER

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every verb, spelled as on the command line (`why_not.py` is `why-not`)."""
        names = (path.stem for path in self.folder.glob("[a-z]*.py"))
        return sorted(name.rstrip("_").replace("_", "-") for name in names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a verb; its module is imported now."""
        path = _module(self.folder, cmd_name)
        if path is None:
            return None
        module = importlib.import_module(f"edge_agent.cli.{self.folder.name}.{path.stem}")
        command: click.Command = module.command
        command.name = cmd_name
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in `hearth --help`: the first line of each verb's file."""
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, _summary(self.folder, name)) for name in self.list_commands(ctx)]
            )

    def invoke(self, ctx: click.Context) -> Any:
        """Call the verb. Click would end with 1 where an output's reader has gone: the user's
        files are not wrong."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            nobody_reads()
            return 0

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb; an unknown one fails with the nearest names."""
        if not self.get_command(ctx, args[0]) and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], self.list_commands(ctx), 1)
            hint = f" Did you mean '{near[0]}'?" if near else " See 'hearth --help'."
            ctx.fail(f"No such command '{args[0]}'.{hint}")
        return super().resolve_command(ctx, args)


def common_options(function: F) -> F:
    """The options every verb takes, before or after its name."""
    for option in (
        click.option("-v", "--verbose", is_flag=True, help="Log what is done on stderr."),
        click.option("--json", "as_json", is_flag=True, help="Print JSON for machines."),
        click.option("--home", type=click.Path(path_type=Path), metavar="DIR", help="The home."),
    ):
        function = option(function)
    return function


def verb(function: Callable[..., Any]) -> click.Command:
    """Make a function the verb of its file: it gets a `Shell`, then its own parameters."""

    def call(home: Path | None, as_json: bool, verbose: bool, **parameters: Any) -> Any:
        above = click.get_current_context().find_root().obj
        shell = Shell(
            home=home or above["home"],
            json=as_json or above["as_json"],
            verbose=verbose or above["verbose"],
        )
        if shell.verbose:
            _log_everything()
        return function(shell, **parameters)

    call.__doc__ = function.__doc__
    call.__click_params__ = getattr(function, "__click_params__", [])  # type: ignore[attr-defined]
    return click.command()(common_options(call))


def _log_everything() -> None:
    from edge_agent.monitoring.log import set_up

    set_up("debug", "auto")


def _module(folder: Path, name: str) -> Path | None:
    stem = name.replace("-", "_")
    return next((p for p in (folder / f"{stem}.py", folder / f"{stem}_.py") if p.exists()), None)


def _summary(folder: Path, name: str) -> str:
    path = _module(folder, name)
    text = path.read_text(encoding="utf-8") if path else ""
    return ast.literal_eval(text.splitlines()[0]) if text.startswith('"""') else ""
