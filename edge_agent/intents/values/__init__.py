"""What the words of a slot mean: numbers, units, durations, times, colours, names."""

from edge_agent.intents.values.reading import read, speech_of

__all__ = ["read", "speech_of"]
