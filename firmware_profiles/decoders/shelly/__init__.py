"""Shelly: what its API says beyond rules: presses, light modes, notifications and commands."""

from firmware_profiles.decoders.shelly.decoder import make

__all__ = ["make"]
