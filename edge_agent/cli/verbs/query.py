"""Ask the ledger with read-only SQL, also while the agent runs."""

import click

from edge_agent.cli.group import verb
from edge_agent.cli.options import assignments
from edge_agent.cli.shell import Shell


@verb
@click.argument("sql")
@click.option("-p", "--param", multiple=True, metavar="KEY=VALUE", help="Value of $KEY.")
def command(shell: Shell, sql: str, param: tuple[str, ...]) -> None:
    """Ask the ledger with read-only SQL, also while the agent runs.

    Tables: readings, events, runs, steps, effects, devices.
    """
    with shell.agent() as agent, shell.progress("asking the ledger"):
        answer = agent.query(sql, assignments(param))
    rows = [[row[column] for column in answer.columns] for row in answer.rows]
    shell.show(answer.rows, lambda: shell.table(answer.columns, rows))
