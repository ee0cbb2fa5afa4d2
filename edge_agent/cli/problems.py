"""How a verb ends when it cannot do its work."""

from schemas.problem import Position, Problem, UserError


class Outside(Exception):
    """Something outside failed (broker, database, network); the text says what and where."""


def mistake(text: str, hint: str = "") -> UserError:
    """The user's mistake on the command line, to be raised."""
    return UserError(Problem(Position("hearth"), text, hint))
