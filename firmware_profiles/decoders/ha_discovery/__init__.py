"""Home Assistant MQTT discovery: configs, templates, availability, readings and commands."""

from firmware_profiles.decoders.ha_discovery.decoder import make

__all__ = ["make"]
