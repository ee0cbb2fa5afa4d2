"""What the words of a slot mean: numbers, units, durations, times, colours, names."""

from edge_agent.intents.values.reading import read

__all__ = ["read"]
