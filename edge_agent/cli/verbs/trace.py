"""Show one run step by step, with every value."""

import click

from edge_agent.cli.agent import Agent
from edge_agent.cli.group import verb
from edge_agent.cli.problems import mistake
from edge_agent.cli.shell import Shell
from edge_agent.cli.trace_text import show_trace
from schemas.api import RunQuery


@verb
@click.argument("run", default="last")
@click.option("--full", is_flag=True, help="Do not shorten values for a terminal.")
def command(shell: Shell, run: str, full: bool) -> None:
    """Show one run step by step, with every value.

    RUN is an id as `hearth runs` shows it, the beginning of one, or `last`.
    """
    with shell.agent() as agent:
        trace = agent.trace(run_id(agent, run))
    shell.show(trace, lambda: show_trace(shell, trace, full=full))


def run_id(agent: Agent, run: str) -> str:
    """The whole id of `last` or of an id's beginning."""
    if run == "last":
        newest = agent.runs(RunQuery(limit=1)).items
        if not newest:
            raise mistake("nothing has run yet", "start a pipeline with `hearth run ID`")
        return newest[0].id
    beginning, _, end = run.lower().partition("..")
    found = agent.query(
        "select id::varchar as id from runs where starts_with(id::varchar, $beginning)"
        " and ends_with(id::varchar, $end) limit 2",
        {"beginning": beginning, "end": end},
    ).rows
    if len(found) == 1:
        return str(found[0]["id"])
    wrong = "more than one run is" if found else "there is no run"
    raise mistake(f"{wrong} `{run}`", "`hearth runs` lists them")
