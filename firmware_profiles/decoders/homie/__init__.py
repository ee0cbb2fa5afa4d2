"""Homie 2 to 5: attributes, description documents, values, states, targets, alerts, commands."""

from firmware_profiles.decoders.homie.decoder import make

__all__ = ["make"]
