"""Put what has changed in the home's files in force now, and tell what that was."""

from edge_agent.cli.group import verb
from edge_agent.cli.problems import tell
from edge_agent.cli.reach import running
from edge_agent.cli.shell import Shell, counted
from schemas.api import UserProblem
from schemas.files import ReloadAnswer
from schemas.problem import Position, Problem


@verb
def command(shell: Shell) -> int:
    """Put what has changed in the home's files in force now, and tell what that was.

    A running agent does so by itself within two seconds; this waits for it. Fails when something
    is wrong: then the files named are not taken, and what they said before goes on.
    """
    agent = running(shell.home)
    with shell.progress("reloading"):
        answer = agent.reload()
    shell.show(answer, lambda: _tell(shell, answer))
    return 1 if any(problem.severity == "error" for problem in answer.problems) else 0


def _tell(shell: Shell, answer: ReloadAnswer) -> None:
    tell(map(_problem, answer.problems))
    for word in ("added", "changed", "removed"):
        for pipeline in getattr(answer, word):
            shell.say(f"{word:<12} {pipeline}")
    for file in answer.quarantined:
        shell.say(f"quarantined  {file}")
    for pipeline in answer.last_good:
        shell.say(f"last good    {pipeline}")
    for what in answer.restart:
        shell.say(f"restart      {what}: takes a restart of the agent")
    shell.say(f"unchanged    {counted(answer.unchanged, 'pipeline')}")


def _problem(problem: UserProblem) -> Problem:
    at = Position(problem.file, problem.line, problem.column)
    return Problem(at, problem.text, problem.hint, problem.severity)
