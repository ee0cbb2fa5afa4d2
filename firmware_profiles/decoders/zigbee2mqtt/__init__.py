"""Zigbee2MQTT: device list, exposes, groups, availability, actions, bridge and commands."""

from firmware_profiles.decoders.zigbee2mqtt.decoder import make

__all__ = ["make"]
