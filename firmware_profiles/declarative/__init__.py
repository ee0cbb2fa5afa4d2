"""Profiles that need no code: topics, messages and commands as their YAML declares them."""

from firmware_profiles.declarative.decoder import make

__all__ = ["make"]
