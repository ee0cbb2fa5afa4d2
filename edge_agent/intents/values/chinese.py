"""How Chinese says numbers and times of day."""

from edge_agent.intents.values.speech import speech


def figures(text: str) -> str:
    """The text with its numbers in figures."""
    return text


def clock(text: str) -> str | None:
    """A time of day."""
    return None


SPEECH = speech("zh", figures, clock=clock)
