"""The past played again: a home as it was, in memory, on its own clock; nothing is performed."""
