"""Ask the ledger with read-only SQL, also while the agent runs."""

import click

from edge_agent.cli.group import verb
from edge_agent.cli.options import assignments
from edge_agent.cli.problems import mistake
from edge_agent.cli.shell import Shell
from schemas.api import MOST_ROWS, QueryAnswer


@verb
@click.argument("sql")
@click.option("-p", "--param", multiple=True, metavar="KEY=VALUE", help="Value of $KEY.")
def command(shell: Shell, sql: str, param: tuple[str, ...]) -> None:
    """Ask the ledger with read-only SQL, also while the agent runs.

    Tables: readings, events, runs, steps, effects, devices.
    """
    if not sql.strip():
        raise mistake("no statement is given", "for example `hearth query 'from runs limit 10'`")
    with shell.agent() as agent, shell.progress("asking the ledger"):
        answer = agent.query(sql, assignments(param))
    shell.show(answer.rows, lambda: _tell(shell, answer))
    if len(answer.rows) == MOST_ROWS:
        shell.note(f"no more than {MOST_ROWS} rows are given")


def _tell(shell: Shell, answer: QueryAnswer) -> None:
    if not answer.rows:
        shell.note("no rows")
        return
    rows = [[row[column] for column in answer.columns] for row in answer.rows]
    shell.table(answer.columns, rows)
