"""Tests of firmware profiles and the device registry."""
