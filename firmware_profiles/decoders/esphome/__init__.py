"""ESPHome: object ids that say what they measure, components, availability and commands."""

from firmware_profiles.decoders.esphome.decoder import make

__all__ = ["make"]
