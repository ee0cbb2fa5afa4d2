"""Tasmota: topics of any layout, discovery, sensors, lights, shutters, codes, Zigbee, commands."""

from firmware_profiles.decoders.tasmota.decoder import make

__all__ = ["make"]
